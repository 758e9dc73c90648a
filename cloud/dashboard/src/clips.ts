// The clip: "start here", "end here", a box on the timeline, and a file to download.

import { type Api, type ClipPart, Unreachable } from "./api.ts";
import type { Span } from "./spans.ts";
import { lengthText } from "./words.ts";
import type { Zone } from "./zone.ts";

const DEFAULT_MS = 30_000; // the clip's length while only one of its ends was chosen
const LONGEST_MS = 2 * 3_600_000;

export interface ClipPage {
  start: HTMLButtonElement;
  end: HTMLButtonElement;
  clear: HTMLButtonElement;
  download: HTMLButtonElement;
  text: HTMLElement;
  parts: HTMLElement;
}

/** The panel below the timeline. */
export class Clips {
  readonly #page: ClipPage;
  readonly #api: Api;
  readonly #zone: Zone;
  readonly #name: string;
  readonly #changed: (span: Span | null) => void;
  #span: Span | null = null;

  constructor(page: ClipPage, api: Api, zone: Zone, name: string, changed: (span: Span | null) => void) {
    this.#page = page;
    this.#api = api;
    this.#zone = zone;
    this.#name = name;
    this.#changed = changed;
    page.clear.addEventListener("click", () => this.#set(null));
    page.download.addEventListener("click", () => void this.#download());
    this.#set(null);
  }

  startAt(ms: number): void {
    const toMs = this.#span !== null && this.#span.toMs > ms ? this.#span.toMs : ms + DEFAULT_MS;
    this.#set({ fromMs: ms, toMs: Math.min(toMs, ms + LONGEST_MS) });
  }

  endAt(ms: number): void {
    const fromMs = this.#span !== null && this.#span.fromMs < ms ? this.#span.fromMs : ms - DEFAULT_MS;
    this.#set({ fromMs: Math.max(fromMs, ms - LONGEST_MS), toMs: ms });
  }

  #set(span: Span | null): void {
    this.#span = span;
    this.#page.parts.replaceChildren();
    this.#page.clear.hidden = this.#page.download.hidden = span === null;
    this.#say(span === null ? "Go to a moment, then choose where the clip starts and ends." : this.#describe(span));
    this.#changed(span);
  }

  #describe(span: Span): string {
    return `${this.#between(span)}, ${lengthText(span.toMs - span.fromMs)}. A clip begins and ends up to 10 seconds wider.`;
  }

  #between(span: Span): string {
    return `${this.#zone.day(span.fromMs)}, ${this.#zone.time(span.fromMs)} to ${this.#zone.time(span.toMs)}`;
  }

  async #download(): Promise<void> {
    const span = this.#span;
    if (span === null) return;
    this.#page.download.disabled = true;
    try {
      this.#offer(await this.#api.clipParts(span), span);
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      this.#say("No connection to Backsight: try again in a moment.");
    } finally {
      this.#page.download.disabled = false;
    }
  }

  #offer(parts: ClipPart[], span: Span): void {
    const only = parts[0];
    if (only === undefined) return this.#say("Nothing is recorded there (any more). Choose another span.");
    if (parts.length === 1) {
      this.#link(only).click();
      return this.#say(`Downloading ${this.#between(span)}.`);
    }
    this.#say(`The recording was interrupted there: it comes as ${parts.length} files.`);
    this.#page.parts.replaceChildren(...parts.map((part) => this.#item(part)));
  }

  #item(part: ClipPart): HTMLElement {
    const item = document.createElement("li");
    const link = this.#link(part);
    link.className = "button";
    link.textContent = `Download ${this.#zone.time(part.fromMs)} to ${this.#zone.time(part.toMs)}`;
    item.append(link);
    return item;
  }

  #link(part: ClipPart): HTMLAnchorElement {
    const link = document.createElement("a");
    link.href = part.address;
    link.download = `${this.#name} ${this.#zone.forFile(part.fromMs)}.mp4`.replaceAll(/[\\/:*?"<>|]/g, "_");
    return link;
  }

  #say(text: string): void {
    this.#page.text.textContent = text;
  }
}
