// The history page of one camera: joins player, timeline and clip.

import { Api, signInAgain, Unreachable } from "./api.ts";
import { Clips } from "./clips.ts";
import { Happenings } from "./happenings.ts";
import { Player } from "./player.ts";
import { gapAt, type History, playable, type Span } from "./spans.ts";
import { Timeline } from "./timeline.ts";
import { lengthText, type NoticeName, notices, reasonText } from "./words.ts";
import { Zone } from "./zone.ts";

const REFRESH_MS = 5000; // of what is recorded: a segment is about 10 s
const ANNOUNCE_MS = 5000; // how often a screen reader may hear the time while it runs
const STEP_MS = 10_000;
const FIRST_VIEW_MS = 2 * 3_600_000;
const NEWEST_MS = 15_000; // before the newest picture: the next segment arrives before this one ends
const EDGE_MS = 40_000; // nearer than this to the newest picture is "newest"
const TOAST_MS = 6000;

class HistoryPage {
  readonly #root: HTMLElement;
  readonly #api: Api;
  readonly #zone: Zone;
  readonly #player: Player;
  readonly #timeline: Timeline;
  readonly #clips: Clips;
  readonly #happenings: Happenings;
  #history: History;
  #notice: NoticeName | null = null;
  #announcedAt = 0;
  #toast = 0;
  #loading = 0;

  constructor(root: HTMLElement, history: History, view: Span, api: Api, zone: Zone) {
    const name = root.dataset["name"] ?? "Camera";
    this.#root = root;
    this.#api = api;
    this.#zone = zone;
    this.#history = history;
    this.#player = new Player(part(root, "video"), api, () => this.#history, {
      moved: () => this.#show(),
      notice: (notice) => this.#say(notice),
      skipped: (fromMs, toMs) => this.#tellSkip(fromMs, toMs),
      signedOut: signInAgain,
    });
    this.#timeline = new Timeline(part(root, "timeline"), zone, name, history, view, {
      chosen: (ms) => this.#go(ms),
      hovered: (ms) => this.#showClock(ms ?? this.#player.wallMs),
      viewed: () => this.#refreshSoon(),
    });
    this.#clips = new Clips(
      {
        start: part(root, "clip-start"),
        end: part(root, "clip-end"),
        clear: part(root, "clip-clear"),
        download: part(root, "clip-download"),
        text: part(root, "clip-text"),
        parts: part(root, "clip-parts"),
      },
      api,
      zone,
      name,
      (span) => {
        this.#timeline.clip = span;
      },
    );
    const [list, empty] = [part(root, "happenings"), part(root, "happenings-empty")];
    this.#happenings = new Happenings(list, empty, zone, (ms) => this.#go(ms));
    this.#happenings.show(history.events);
    this.#listen();
  }

  /** Begin at the moment that the address names, or near the newest picture. */
  begin(): void {
    const asked = Number(new URLSearchParams(location.search).get("at"));
    const newest = this.#history.toMs;
    this.#enable(newest !== null);
    if (newest === null) this.#say("empty");
    else this.#go(asked > 0 ? asked : newest - NEWEST_MS);
  }

  /** What cannot do anything yet, cannot be pressed. */
  #enable(on: boolean): void {
    const names = ["back", "play", "forward", "newest", "clip-start", "clip-end"];
    for (const name of names) part<HTMLButtonElement>(this.#root, name).disabled = !on;
  }

  #listen(): void {
    this.#on("back", () => this.#step(-STEP_MS));
    this.#on("forward", () => this.#step(STEP_MS));
    this.#on("play", () => this.#toggle());
    this.#on("newest", () => this.#goNewest());
    this.#on("full", () => void part<HTMLElement>(this.#root, "stage").requestFullscreen?.());
    this.#on("closer", () => this.#timeline.zoom(0.5));
    this.#on("wider", () => this.#timeline.zoom(2));
    this.#on("all", () => this.#timeline.all());
    this.#on("clip-start", () => this.#withMoment((ms) => this.#clips.startAt(ms)));
    this.#on("clip-end", () => this.#withMoment((ms) => this.#clips.endAt(ms)));
    this.#on("sound", () => this.#toggleSound());
    const speed = part<HTMLSelectElement>(this.#root, "speed");
    speed.addEventListener("change", () => (this.#player.speed = Number(speed.value)));
    part(this.#root, "video").addEventListener("click", () => this.#toggle());
    this.#root.addEventListener("keydown", (event) => this.#key(event));
    setInterval(() => this.#refreshSoon(0), REFRESH_MS);
    addEventListener("online", () => {
      this.#refreshSoon(0);
      this.#player.reconnect();
    });
    addEventListener("pagehide", () => this.#player.close());
  }

  #on(name: string, act: () => void): void {
    part(this.#root, name).addEventListener("click", act);
  }

  #key(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (target.matches("select, input, a") || (target.matches("button") && " Enter".includes(event.key))) return;
    const keys: Record<string, () => void> = {
      " ": () => this.#toggle(),
      k: () => this.#toggle(),
      j: () => this.#step(-STEP_MS),
      l: () => this.#step(STEP_MS),
      "[": () => this.#withMoment((ms) => this.#clips.startAt(ms)),
      "]": () => this.#withMoment((ms) => this.#clips.endAt(ms)),
    };
    const act = keys[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  }

  #go(askedMs: number): void {
    const target = playable(this.#history, askedMs);
    if (target === null) return this.#say("empty");
    this.#explainJump(askedMs, target);
    this.#player.seek(target);
    this.#player.play();
    this.#timeline.announce(target);
  }

  #goNewest(): void {
    if (this.#history.toMs !== null) this.#go(this.#history.toMs - NEWEST_MS);
  }

  #step(ms: number): void {
    this.#withMoment((now) => this.#go(now + ms));
  }

  #toggle(): void {
    if (this.#player.playing) this.#player.pause();
    else this.#player.play();
  }

  #toggleSound(): void {
    const video = part<HTMLVideoElement>(this.#root, "video");
    video.muted = !video.muted;
    part(this.#root, "sound").setAttribute("aria-pressed", String(!video.muted));
  }

  #withMoment(act: (ms: number) => void): void {
    const ms = this.#player.wallMs;
    if (ms !== null) act(ms);
  }

  #explainJump(askedMs: number, targetMs: number): void {
    const gap = gapAt(this.#history, askedMs);
    if (gap !== undefined) this.#tell(`No recording at ${this.#zone.time(askedMs)}: ${reasonText(gap.reason)}.`);
    else if (askedMs < targetMs - 1000) this.#tell(`The history begins at ${this.#zone.time(targetMs)}.`);
  }

  #tellSkip(fromMs: number, toMs: number): void {
    const gap = gapAt(this.#history, (fromMs + toMs) / 2);
    const reason = gap === undefined ? "" : `: ${reasonText(gap.reason)}`;
    this.#tell(`Skipped ${lengthText(toMs - fromMs)}${reason}.`);
  }

  #tell(text: string): void {
    const toast = part(this.#root, "toast");
    toast.textContent = text;
    toast.hidden = false;
    clearTimeout(this.#toast);
    this.#toast = window.setTimeout(() => (toast.hidden = true), TOAST_MS);
  }

  #say(name: NoticeName | null): void {
    if (name === this.#notice) return;
    this.#notice = name;
    const box = part(this.#root, "notice");
    box.hidden = name === null;
    if (name === null) return;
    box.dataset["notice"] = name;
    part(box, "headline").textContent = notices[name].headline;
    part(box, "detail").textContent = notices[name].detail;
  }

  #show(): void {
    const ms = this.#player.wallMs;
    this.#showClock(ms);
    this.#timeline.momentMs = ms;
    part(this.#root, "stage").setAttribute("aria-busy", String(this.#player.onItsWay));
    const play = part(this.#root, "play");
    play.textContent = this.#player.playing ? "Pause" : "Play";
    const newest = ms !== null && this.#history.toMs !== null && this.#history.toMs - ms < EDGE_MS;
    part(this.#root, "newest").setAttribute("aria-pressed", String(newest));
    if (ms !== null && performance.now() - this.#announcedAt > ANNOUNCE_MS) {
      this.#announcedAt = performance.now();
      this.#timeline.announce(ms);
    }
  }

  #showClock(ms: number | null): void {
    if (ms === null) return;
    const clock = part<HTMLTimeElement>(this.#root, "clock");
    clock.textContent = `${this.#zone.day(ms)}, ${this.#zone.time(ms)}`;
    clock.dateTime = new Date(ms).toISOString();
  }

  #refreshSoon(afterMs = 150): void {
    clearTimeout(this.#loading);
    this.#loading = window.setTimeout(() => void this.#refresh(), afterMs);
  }

  async #refresh(): Promise<void> {
    if (document.hidden) return;
    try {
      const before = this.#history;
      this.#history = await this.#api.history(this.#timeline.view);
      this.#timeline.history = this.#history;
      this.#happenings.show(this.#history.events);
      if (before.toMs === null && this.#history.toMs !== null) this.begin();
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error; // else the banner says so, and the next round may succeed
    }
  }
}

function part<T extends HTMLElement = HTMLElement & HTMLVideoElement & HTMLButtonElement>(root: HTMLElement, name: string): T {
  const found = root.querySelector<T>(`[data-part="${name}"]`);
  if (found === null) throw new Error(`the page has no part ${name}`);
  return found;
}

async function start(root: HTMLElement): Promise<void> {
  const api = new Api(root.dataset["camera"] ?? "");
  const zone = new Zone(root.dataset["zone"] ?? "UTC");
  const nowMs = Date.now();
  const asked = Number(new URLSearchParams(location.search).get("at")) || nowMs;
  try {
    const whole = await api.history({ fromMs: asked - FIRST_VIEW_MS, toMs: nowMs + 1000 });
    const view = firstView(whole, asked, nowMs);
    new HistoryPage(root, await api.history(view), view, api, zone).begin();
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    part(part(root, "notice"), "headline").textContent = notices.offline.headline;
    part(part(root, "notice"), "detail").textContent = notices.offline.detail;
    setTimeout(() => void start(root), REFRESH_MS);
  }
}

/** Two hours around the moment asked for, or all that there is, with room at both edges. */
function firstView(history: History, askedMs: number, nowMs: number): Span {
  const oldest = history.fromMs ?? nowMs - FIRST_VIEW_MS / 2;
  const length = Math.max(Math.min(FIRST_VIEW_MS, nowMs - oldest), 60_000);
  const toMs = Math.min(Math.max(askedMs + length / 2, oldest + length), nowMs);
  return { fromMs: toMs - length * 1.06, toMs: toMs + length * 0.03 };
}

const root = document.getElementById("history");
if (root !== null) void start(root);
