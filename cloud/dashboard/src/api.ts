// Asks the service for a camera's history and clips.

import type { History, Span } from "./spans.ts";

const PATIENCE_MS = 15_000;

/** The service cannot be reached, or is busy: the same question may be answered later. */
export class Unreachable extends Error {}

/** One unbroken part of a span that cannot be downloaded as one clip. */
export interface ClipPart extends Span {
  address: string;
}

export class Api {
  readonly #base: string;

  constructor(camera: string) {
    this.#base = `/v1/cameras/${encodeURIComponent(camera)}`;
  }

  playlist(span: Span): string {
    return `${this.#base}/playlist.m3u8?${query(span)}`;
  }

  clip(span: Span): string {
    return `${this.#base}/clip.mp4?${query(span)}`;
  }

  /** What is recorded inside the span, and where the whole history begins and ends. */
  async history(span: Span): Promise<History> {
    const answer = await ask(`${this.#base}/history?${query(span)}`);
    return readHistory((await answer.json()) as HistoryAnswer);
  }

  /** The parts in which a span can be downloaded; one part is one file. Empty when nothing is recorded there. */
  async clipParts(span: Span): Promise<ClipPart[]> {
    const address = this.clip(span);
    const stop = new AbortController();
    try {
      const answer = await ask(address, stop.signal);
      if (answer.ok) return [{ ...span, address }];
      if (answer.status !== 409) return [];
      return readParts((await answer.json()) as PartsAnswer);
    } finally {
      stop.abort(); // of a clip that is there only the headers are wanted
    }
  }
}

interface HistoryAnswer {
  from_ms: number | null;
  to_ms: number | null;
  horizon_ms: number | null;
  window_ms: number | null;
  spans: { from_ms: number; to_ms: number }[];
  gaps: { from_ms: number; to_ms: number; reason: string }[];
  events: { start_ms: number; end_ms: number; kind: string }[];
}

interface PartsAnswer {
  parts: { from_ms: number; to_ms: number; url: string }[];
}

function readHistory(answer: HistoryAnswer): History {
  return {
    fromMs: answer.from_ms,
    toMs: answer.to_ms,
    horizonMs: answer.horizon_ms,
    windowMs: answer.window_ms ?? Infinity,
    spans: answer.spans.map((span) => ({ fromMs: span.from_ms, toMs: span.to_ms })),
    gaps: answer.gaps.map((gap) => ({ fromMs: gap.from_ms, toMs: gap.to_ms, reason: gap.reason })),
    events: answer.events.map((event) => ({ fromMs: event.start_ms, toMs: event.end_ms, kind: event.kind })),
  };
}

function readParts(answer: PartsAnswer): ClipPart[] {
  return answer.parts.map((part) => ({ fromMs: part.from_ms, toMs: part.to_ms, address: part.url }));
}

async function ask(address: string, signal?: AbortSignal): Promise<Response> {
  const timeout = AbortSignal.timeout(PATIENCE_MS);
  const answer = await fetch(address, {
    headers: { Accept: "application/json" },
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
  }).catch((error: unknown) => {
    throw new Unreachable(String(error));
  });
  if (answer.status === 401) signInAgain();
  if (answer.status >= 500 || answer.status === 429) throw new Unreachable(`answered ${answer.status}`);
  return answer;
}

/** Leave for the sign-in page, and come back here after it. */
export function signInAgain(): void {
  location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
}

function query(span: Span): string {
  return new URLSearchParams({ from: String(Math.floor(span.fromMs)), to: String(Math.ceil(span.toMs)) }).toString();
}
