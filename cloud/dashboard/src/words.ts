// What the history page says, in one place.

const REASONS: Record<string, string> = {
  start: "before recording began",
  hub_not_running: "the hub was not running",
  off: "camera switched off",
  unreachable: "camera not reachable",
  login_refused: "camera refused the login",
  stream_refused: "camera gave no stream",
  stream_broken: "picture broke off",
  clock_jump: "the clock was set",
  clock_drift: "the clocks had drifted apart",
  time_unknown: "the hub did not know the time",
  parameters_changed: "the stream changed",
  audio_began: "the sound began",
  not_uploaded: "not here yet",
  hub_trouble: "the hub could not record",
  no_key_frames: "camera sent no whole picture",
  no_event: "nothing happened",
};

const KINDS: Record<string, string> = {
  motion: "Motion",
  person: "Person",
  sound: "Sound",
  baby_cry: "Baby crying",
  pet: "Pet",
  vehicle: "Vehicle",
  line_crossing: "Line crossed",
  bark: "Barking",
  meow: "Meowing",
  glass: "Glass breaking",
  tamper: "Camera touched",
  ring: "Doorbell",
};

/** What was noticed, as a word to begin with. */
export function kindText(kind: string): string {
  return KINDS[kind] ?? "Something";
}

/** Why there is no recording, for a label: "camera switched off". */
export function reasonText(reason: string): string {
  return REASONS[reason] ?? "no recording";
}

/** The sentence that stands over the picture. */
export const notices = {
  loading: { headline: "Loading the picture", detail: "" },
  empty: {
    headline: "Nothing recorded yet",
    detail: "The first pictures are here about half a minute after the hub has begun to record.",
  },
  offline: { headline: "No connection to Backsight", detail: "This page goes on by itself when it is back." },
  slow: { headline: "Still loading", detail: "The connection is slow. The picture comes as soon as it can." },
  expired: { headline: "This has just left the history", detail: "The plan keeps no more. Choose a later moment." },
  nothing: { headline: "No recording there", detail: "Choose a moment on a recorded part of the timeline." },
  codec: {
    headline: "This browser cannot play this camera's video",
    detail: "It is probably H.265. Another browser may, or download a clip and play it there.",
  },
  old: { headline: "This browser is too old to play the history", detail: "Download a clip, or use a newer browser." },
  broken: { headline: "The picture could not be played", detail: "Choose another moment, or load the page again." },
} as const;

export type NoticeName = keyof typeof notices;

/** A span as a person says it: "50 seconds", "3 min 20 s". */
export function lengthText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 100) return `${seconds} seconds`;
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return rest > 0 ? `${minutes} min ${rest} s` : `${minutes} min`;
}
