// Plays a camera's history by wall-clock time: loads a playlist around the moment asked for, and the next one after it.

import Hls, { type ErrorData, type Fragment, type HlsConfig, type LevelDetails } from "hls.js/light";
import type { Api } from "./api.ts";
import { endOf, mediaAt, type History, type Piece, playlistRange, wallAt } from "./spans.ts";
import type { NoticeName } from "./words.ts";

const SLOW_MS = 4000; // of loading, before the page says so
const RETRY_MS = 3000;

// Short buffers: an owner looks at moments, not at films (facts: hls.js defaults load minutes ahead).
const SETTINGS: Partial<HlsConfig> = {
  autoStartLoad: false,
  enableWorker: false, // fMP4 passes through: there is nothing to work on
  lowLatencyMode: false,
  startFragPrefetch: true,
  testBandwidth: false,
  maxBufferLength: 20,
  maxMaxBufferLength: 30,
  backBufferLength: 60,
  manifestLoadPolicy: policy(8_000, 1),
  playlistLoadPolicy: policy(8_000, 4),
  fragLoadPolicy: policy(20_000, 4),
};

export interface PlayerEvents {
  /** The moment on screen changed, or playing began or stopped. */
  moved(): void;
  /** What stands over the picture; null: nothing. */
  notice(name: NoticeName | null): void;
  /** Playing went over a hole in the recording. */
  skipped(fromMs: number, toMs: number): void;
  signedOut(): void;
}

export class Player {
  readonly #video: HTMLVideoElement;
  readonly #api: Api;
  readonly #events: PlayerEvents;
  readonly #history: () => History;
  #hls: Hls | null = null;
  #pieces: Piece[] = [];
  #targetMs: number | null = null; // asked for and not on screen yet
  #soughtMs: number | null = null; // the newest target that the video was told
  #lastWallMs: number | null = null;
  #listEndMs = 0;
  #waiting = 0;
  #mended = false;
  #wanted = false; // whether the owner wants it to run, whatever the video does meanwhile

  constructor(video: HTMLVideoElement, api: Api, history: () => History, events: PlayerEvents) {
    this.#video = video;
    this.#api = api;
    this.#history = history;
    this.#events = events;
    video.addEventListener("timeupdate", () => this.#onTime());
    video.addEventListener("seeked", () => this.#arrived());
    video.addEventListener("playing", () => this.#arrived());
    video.addEventListener("waiting", () => this.#beginWaiting());
    video.addEventListener("ended", () => this.#goOn());
  }

  /** The moment on screen, or the one that is on its way there. */
  get wallMs(): number | null {
    return this.#targetMs ?? wallAt(this.#pieces, this.#video.currentTime);
  }

  /** Whether the picture of the moment asked for is still to come. */
  get onItsWay(): boolean {
    return this.#targetMs !== null;
  }

  get playing(): boolean {
    return this.#wanted;
  }

  /** Show a moment: at once when it is loaded, else by loading around it. */
  seek(wallMs: number): void {
    this.#lastWallMs = null;
    const there = wallMs < this.#loadedEndMs() && wallMs >= (this.#pieces[0]?.wallMs ?? Infinity);
    if (there && this.#hls !== null) this.#jump(wallMs);
    else this.#open(wallMs);
    this.#events.moved();
  }

  play(): void {
    this.#wanted = true;
    void this.#video.play().catch((error: unknown) => this.#refused(error));
    this.#events.moved();
  }

  /** The connection is back: a picture that is awaited does not wait for the next try. */
  reconnect(): void {
    if (this.#targetMs !== null) this.#open(this.#targetMs);
  }

  pause(): void {
    this.#wanted = false;
    this.#video.pause();
    this.#events.moved();
  }

  set speed(rate: number) {
    this.#video.defaultPlaybackRate = rate;
    this.#video.playbackRate = rate;
  }

  close(): void {
    clearTimeout(this.#waiting);
    this.#hls?.destroy();
    this.#hls = null;
  }

  /** The browser wants a press of the button first; being replaced by the next list is no refusal. */
  #refused(error: unknown): void {
    if (!(error instanceof DOMException) || error.name !== "NotAllowedError") return;
    this.#wanted = false;
    this.#events.moved();
  }

  #open(wallMs: number): void {
    if (!Hls.isSupported()) return this.#events.notice("old");
    this.close();
    this.#targetMs = this.#soughtMs = wallMs;
    this.#pieces = [];
    this.#beginWaiting();
    const range = playlistRange(this.#history(), wallMs, Date.now());
    this.#listEndMs = range.toMs;
    const hls = new Hls(SETTINGS);
    this.#hls = hls;
    hls.once(Hls.Events.LEVEL_LOADED, (_event, data) => this.#onList(hls, data.details));
    hls.on(Hls.Events.LEVEL_UPDATED, (_event, data) => this.#layOut(data.details));
    hls.on(Hls.Events.LEVEL_PTS_UPDATED, (_event, data) => this.#layOut(data.details));
    hls.on(Hls.Events.ERROR, (_event, data) => this.#onError(hls, data));
    hls.loadSource(this.#api.playlist(range));
    hls.attachMedia(this.#video);
    if (this.#wanted) this.play();
  }

  #onList(hls: Hls, details: LevelDetails): void {
    this.#layOut(details);
    const found = this.#targetMs === null ? null : mediaAt(this.#pieces, this.#targetMs);
    const last = this.#pieces.at(-1);
    // Past the newest picture there is only the newest: its last second and a half.
    hls.startLoad(found?.time ?? Math.max((last?.start ?? 0) + (last?.duration ?? 0) - 1.5, 0));
  }

  #layOut(details: LevelDetails): void {
    this.#pieces = details.fragments.map(pieceOf);
  }

  #jump(wallMs: number): void {
    const found = mediaAt(this.#pieces, wallMs);
    if (found === null) return this.#open(wallMs);
    this.#targetMs = found.wallMs;
    if (this.#video.seeking) return; // one at a time: `seeked` goes on to the newest target
    this.#soughtMs = found.wallMs;
    this.#video.currentTime = found.time;
  }

  #arrived(): void {
    if (this.#video.seeking) return;
    if (this.#targetMs !== null && this.#targetMs !== this.#soughtMs) return this.#jump(this.#targetMs);
    this.#targetMs = null;
    this.#mended = false;
    clearTimeout(this.#waiting);
    this.#events.notice(null);
    this.#events.moved();
  }

  #onTime(): void {
    const wallMs = this.wallMs;
    if (wallMs === null || this.#video.seeking) return;
    const lastMs = this.#lastWallMs;
    if (this.#targetMs === null) {
      const stepMs = 5000 * Math.max(this.#video.playbackRate, 1);
      if (lastMs !== null && wallMs - lastMs > stepMs) this.#events.skipped(lastMs, wallMs);
      this.#lastWallMs = wallMs;
    }
    this.#events.moved();
  }

  #goOn(): void {
    const endMs = Math.max(this.#loadedEndMs(), this.#lastWallMs ?? 0);
    const newestMs = this.#history().toMs ?? 0;
    if (newestMs > endMs + 500) {
      this.#open(endMs + 1);
    } else if (this.#listEndMs <= Date.now()) {
      this.#retry(endMs + 1);
    }
  }

  #retry(wallMs: number): void {
    clearTimeout(this.#waiting);
    this.#waiting = window.setTimeout(() => {
      if ((this.#history().toMs ?? 0) > wallMs || this.#pieces.length === 0) this.#open(wallMs);
      else this.#retry(wallMs);
    }, RETRY_MS);
  }

  #beginWaiting(): void {
    clearTimeout(this.#waiting);
    if (this.#pieces.length === 0) this.#events.notice("loading");
    this.#waiting = window.setTimeout(() => {
      if (!this.#atNewest()) this.#events.notice("slow");
    }, SLOW_MS);
  }

  /** Whether everything that there is has been played: what comes next has yet to be recorded. */
  #atNewest(): boolean {
    const last = this.#pieces.at(-1);
    return last !== undefined && this.#video.currentTime > last.start + last.duration - 1;
  }

  #loadedEndMs(): number {
    const last = this.#pieces.at(-1);
    return last === undefined ? 0 : endOf(last);
  }

  #onError(hls: Hls, data: ErrorData): void {
    if (!data.fatal || hls !== this.#hls) return;
    const name = this.#explain(data);
    if (name === null) return;
    const target = this.wallMs;
    this.close();
    this.#pieces = [];
    this.#events.notice(name);
    if (name !== "offline" || target === null) return;
    this.#targetMs = target;
    this.#retry(target);
  }

  #explain(data: ErrorData): NoticeName | null {
    const status = data.response?.code ?? 0;
    const { ErrorTypes, ErrorDetails } = Hls;
    if (status === 401) return this.#events.signedOut(), null;
    if (status === 404 || status === 410) return data.frag === undefined ? "nothing" : "expired";
    if (data.details === ErrorDetails.LEVEL_EMPTY_ERROR) return "nothing";
    if (data.type === ErrorTypes.NETWORK_ERROR) return "offline";
    if (CODEC_ERRORS.has(data.details)) return "codec";
    if (data.type === ErrorTypes.MEDIA_ERROR && !this.#mended) {
      this.#mended = true;
      this.#hls?.recoverMediaError();
      return null;
    }
    return this.#video.error?.code === MediaError.MEDIA_ERR_DECODE ? "codec" : "broken";
  }
}

const CODEC_ERRORS: ReadonlySet<string> = new Set([
  Hls.ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR,
  Hls.ErrorDetails.BUFFER_ADD_CODEC_ERROR,
  Hls.ErrorDetails.BUFFER_INCOMPATIBLE_CODECS_ERROR,
]);

function pieceOf(fragment: Fragment): Piece {
  return { start: fragment.start, duration: fragment.duration, wallMs: fragment.programDateTime ?? 0 };
}

function policy(patienceMs: number, tries: number): NonNullable<HlsConfig["fragLoadPolicy"]> {
  const retry = { maxNumRetry: tries, retryDelayMs: 500, maxRetryDelayMs: 4000 };
  return {
    default: {
      maxTimeToFirstByteMs: patienceMs,
      maxLoadTimeMs: patienceMs * 3,
      timeoutRetry: retry,
      errorRetry: retry,
    },
  };
}
