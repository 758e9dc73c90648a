// The timeline under the owner's hands: press, drag, wheel and keys choose a moment and the range that is in view.

import { drawn, element, HEIGHT } from "./drawing.ts";
import { toMoment, within, zoomed } from "./scale.ts";
import { gapAt, type History, type Span } from "./spans.ts";
import { reasonText } from "./words.ts";
import type { Zone } from "./zone.ts";

const STEP_MS = { small: 10_000, large: 600_000 };

export interface TimelineEvents {
  /** The owner chose a moment. */
  chosen(ms: number): void;
  /** A moment is under the finger and not chosen yet; null: no longer. */
  hovered(ms: number | null): void;
  /** Another part of the history came into view. */
  viewed(view: Span): void;
}

export class Timeline {
  readonly #root: HTMLElement;
  readonly #svg: SVGSVGElement;
  readonly #zone: Zone;
  readonly #name: string;
  readonly #events: TimelineEvents;
  #history: History;
  #view: Span;
  #momentMs: number | null = null;
  #dragMs: number | null = null;
  #clip: Span | null = null;
  #drawing = 0;

  constructor(root: HTMLElement, zone: Zone, name: string, history: History, view: Span, events: TimelineEvents) {
    this.#root = root;
    this.#zone = zone;
    this.#name = name;
    this.#history = history;
    this.#view = view;
    this.#events = events;
    this.#svg = element("svg", { width: "100%", height: HEIGHT, "aria-hidden": "true" }) as SVGSVGElement;
    root.replaceChildren(this.#svg);
    new ResizeObserver(() => this.#redraw()).observe(root);
    this.#announceEnds();
    this.#markView();
    this.#listen();
  }

  get view(): Span {
    return this.#view;
  }

  set history(history: History) {
    this.#history = history;
    this.#announceEnds();
    this.#redraw();
  }

  set clip(clip: Span | null) {
    this.#clip = clip;
    this.#redraw();
  }

  /** The moment on screen; the view follows when it leaves it. */
  set momentMs(ms: number | null) {
    this.#momentMs = ms;
    if (ms !== null && this.#dragMs === null && (ms < this.#view.fromMs || ms > this.#view.toMs)) this.#centre(ms);
    this.#redraw();
  }

  /** Show `factor` times as much, around the moment on screen. */
  zoom(factor: number, aroundMs?: number): void {
    const middle = (this.#view.fromMs + this.#view.toMs) / 2;
    const around = aroundMs ?? this.#momentMs ?? middle;
    const inside = around >= this.#view.fromMs && around <= this.#view.toMs ? around : middle;
    this.#look(zoomed(this.#view, factor, inside, this.#limits()));
  }

  /** Show everything that is kept. */
  all(): void {
    this.#look(this.#limits());
  }

  /** What a screen reader says of the moment; not at every frame. */
  announce(ms: number): void {
    const gap = gapAt(this.#history, ms);
    const state = gap ? `no recording, ${reasonText(gap.reason)}` : "recorded";
    this.#root.setAttribute("aria-valuenow", String(Math.round(ms / 1000)));
    this.#root.setAttribute("aria-valuetext", `${this.#name}, ${this.#zone.spoken(ms)}, ${state}`);
  }

  #announceEnds(): void {
    const { fromMs, toMs } = this.#history;
    if (fromMs === null || toMs === null) return;
    this.#root.setAttribute("aria-valuemin", String(Math.floor(fromMs / 1000)));
    this.#root.setAttribute("aria-valuemax", String(Math.ceil(toMs / 1000)));
  }

  #limits(): Span {
    const nowMs = Date.now();
    const fromMs = this.#history.fromMs ?? nowMs - 3_600_000;
    const length = Math.max(nowMs - fromMs, 60_000);
    return { fromMs: fromMs - length * 0.06, toMs: nowMs + length * 0.03 }; // room for both edges
  }

  #centre(ms: number): void {
    const half = (this.#view.toMs - this.#view.fromMs) / 2;
    this.#look(within({ fromMs: ms - half, toMs: ms + half }, this.#limits()));
  }

  #look(view: Span): void {
    this.#view = view;
    this.#markView();
    this.#events.viewed(view);
    this.#redraw();
  }

  /** For whoever looks from outside: the range that is drawn. */
  #markView(): void {
    this.#root.dataset["from"] = String(Math.round(this.#view.fromMs));
    this.#root.dataset["to"] = String(Math.round(this.#view.toMs));
  }

  #listen(): void {
    const root = this.#root;
    root.addEventListener("pointerdown", (event) => this.#press(event));
    root.addEventListener("pointermove", (event) => this.#drag(event));
    root.addEventListener("pointerup", (event) => this.#release(event));
    root.addEventListener("pointercancel", () => this.#letGo());
    root.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    root.addEventListener("keydown", (event) => this.#key(event));
  }

  #press(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.#root.setPointerCapture(event.pointerId);
    this.#drag(event, true);
  }

  #drag(event: PointerEvent, begins = false): void {
    if (!begins && this.#dragMs === null) return;
    this.#dragMs = this.#under(event);
    this.#events.hovered(this.#dragMs);
    this.#redraw();
  }

  #release(event: PointerEvent): void {
    if (this.#dragMs === null) return;
    const chosen = this.#under(event);
    this.#letGo();
    this.#events.chosen(chosen);
  }

  #letGo(): void {
    this.#dragMs = null;
    this.#events.hovered(null);
    this.#redraw();
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const { fromMs, toMs } = this.#view;
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const shift = ((toMs - fromMs) * event.deltaX) / this.#width();
      this.#look(within({ fromMs: fromMs + shift, toMs: toMs + shift }, this.#limits()));
    } else {
      this.zoom(Math.exp(Math.max(Math.min(event.deltaY, 200), -200) / 300), this.#under(event));
    }
  }

  #key(event: KeyboardEvent): void {
    const target = this.#keyTarget(event.key);
    if (event.key === "+" || event.key === "-") this.zoom(event.key === "+" ? 0.5 : 2);
    else if (target === null || event.ctrlKey || event.metaKey || event.altKey) return;
    else this.#events.chosen(target);
    event.preventDefault();
  }

  #keyTarget(key: string): number | null {
    const at = this.#momentMs ?? this.#history.toMs;
    if (at === null) return null;
    const steps: Record<string, number> = {
      ArrowLeft: at - STEP_MS.small, ArrowDown: at - STEP_MS.small,
      ArrowRight: at + STEP_MS.small, ArrowUp: at + STEP_MS.small,
      PageDown: at - STEP_MS.large, PageUp: at + STEP_MS.large,
      Home: this.#history.fromMs ?? at, End: this.#history.toMs ?? at,
    };
    return steps[key] ?? null;
  }

  #under(event: MouseEvent): number {
    const box = this.#root.getBoundingClientRect();
    const pixel = Math.min(Math.max(event.clientX - box.left, 0), box.width);
    return toMoment(this.#view, this.#width(), pixel);
  }

  #width(): number {
    return Math.max(this.#root.clientWidth, 1);
  }

  #redraw(): void {
    cancelAnimationFrame(this.#drawing);
    this.#drawing = requestAnimationFrame(() => this.#draw());
  }

  #draw(): void {
    const scene = { history: this.#history, view: this.#view, width: this.#width(), zone: this.#zone };
    const flagMs = this.#dragMs ?? this.#momentMs; // the moment under the finger, else the one on screen
    this.#svg.replaceChildren(...drawn({ ...scene, flagMs, clip: this.#clip }));
  }
}
