// The list of what was noticed in the part of the history that is in view; each leads to its moment.

import type { Happening } from "./spans.ts";
import { kindText, lengthText } from "./words.ts";
import type { Zone } from "./zone.ts";

const MOST = 20; // the newest; the timeline marks all of them
const BEFORE_MS = 5000; // a moment earlier shows how it began

export class Happenings {
  readonly #list: HTMLElement;
  readonly #empty: HTMLElement;
  readonly #zone: Zone;
  readonly #go: (ms: number) => void;
  #shown = "";

  constructor(list: HTMLElement, empty: HTMLElement, zone: Zone, go: (ms: number) => void) {
    this.#list = list;
    this.#empty = empty;
    this.#zone = zone;
    this.#go = go;
  }

  /** Show these, newest first. What is shown already is left alone, so that nobody loses their place in it. */
  show(events: readonly Happening[]): void {
    const newest = events.slice(-MOST).reverse();
    const shown = JSON.stringify(newest);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#empty.hidden = newest.length > 0;
    const focused = this.#list.querySelector<HTMLElement>(":focus")?.dataset["from"];
    this.#list.replaceChildren(...newest.map((event) => this.#line(event)));
    if (focused !== undefined) this.#list.querySelector<HTMLElement>(`[data-from="${focused}"]`)?.focus();
  }

  #line(event: Happening): HTMLElement {
    const button = document.createElement("button");
    button.type = "button";
    button.className = `happening num ${event.kind}`;
    button.dataset["from"] = String(event.fromMs);
    const length = lengthText(Math.max(event.toMs - event.fromMs, 1000));
    button.textContent = `${this.#zone.time(event.fromMs)} ${kindText(event.kind)}, ${length}`;
    button.addEventListener("click", () => this.#go(event.fromMs - BEFORE_MS));
    const line = document.createElement("li");
    line.append(button);
    return line;
  }
}
