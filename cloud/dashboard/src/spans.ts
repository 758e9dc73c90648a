// What is known of a camera's history, and how wall-clock time and the player's time belong together. All pure.

/** A recorded stretch without a hole, in UTC milliseconds. */
export interface Span {
  fromMs: number;
  toMs: number;
}

/** A hole between two recorded stretches, and why it is there. */
export interface Gap extends Span {
  reason: string;
}

/** Something that was noticed, of some kind ("motion"). */
export interface Happening extends Span {
  kind: string;
}

/** A camera's history inside a range, and its edges. */
export interface History {
  fromMs: number | null; // where it begins; null while it is empty
  toMs: number | null; // the newest moment that can be shown
  horizonMs: number | null;
  windowMs: number;
  spans: Span[];
  gaps: Gap[];
  events: Happening[]; // in order of their start
}

/** One segment as the player has laid it out: media time in seconds, wall-clock time in UTC milliseconds. */
export interface Piece {
  start: number;
  duration: number;
  wallMs: number;
}

/** The wall-clock moment that the player shows at a media time; null outside of what it has laid out. */
export function wallAt(pieces: readonly Piece[], mediaTime: number): number | null {
  const piece = pieces.findLast((candidate) => candidate.start <= mediaTime + 0.001) ?? pieces[0];
  if (piece === undefined) return null;
  return piece.wallMs + Math.min(Math.max(mediaTime - piece.start, 0), piece.duration) * 1000;
}

/** Where the player finds a moment, or the first recorded one after it; null when all it has is older. */
export function mediaAt(pieces: readonly Piece[], wallMs: number): { time: number; wallMs: number } | null {
  const piece = pieces.find((candidate) => endOf(candidate) > wallMs);
  if (piece === undefined) return null;
  const inside = Math.max(wallMs - piece.wallMs, 0);
  return { time: piece.start + inside / 1000, wallMs: piece.wallMs + inside };
}

/** The end of a piece in wall-clock time. */
export function endOf(piece: Piece): number {
  return piece.wallMs + piece.duration * 1000;
}

/** The gap that a moment falls into. */
export function gapAt(history: History, wallMs: number): Gap | undefined {
  return history.gaps.find((gap) => gap.fromMs <= wallMs && wallMs < gap.toMs);
}

/** The moment that can be played nearest to the one asked for, forward first. */
export function playable(history: History, wallMs: number): number | null {
  if (history.fromMs === null || history.toMs === null) return null;
  const inside = Math.min(Math.max(wallMs, history.fromMs), history.toMs);
  return gapAt(history, inside)?.toMs ?? inside;
}

const MINUTE_MS = 60_000;
export const PLAYLIST_MS = 60 * MINUTE_MS; // the longest stretch of history that one playlist covers
const LEAD_MS = 15 * MINUTE_MS; // of it before the moment asked for, to step back without loading

/** The range of the playlist that is to be loaded for a moment.
 *
 * A list that still grows is read again and again and must not lose its head to the horizon meanwhile;
 * where it would, the list ends now, and the next one follows it.
 */
export function playlistRange(history: History, wallMs: number, nowMs: number): Span {
  const lead = Math.min(LEAD_MS, history.windowMs / 4);
  const fromMs = Math.max(Math.floor(wallMs - lead), history.fromMs ?? 0);
  const toMs = fromMs + PLAYLIST_MS;
  const grows = toMs > nowMs;
  const losesItsHead = history.horizonMs !== null && history.horizonMs + (toMs - nowMs) > fromMs;
  return { fromMs, toMs: grows && losesItsHead ? nowMs : toMs };
}
