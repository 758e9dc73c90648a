// Draws the timeline: recorded spans, gaps with their reason, the horizon as an edge, the clip, the moment as a flag.

import { ticks, toPixel } from "./scale.ts";
import type { Happening, History, Span } from "./spans.ts";
import { reasonText } from "./words.ts";
import type { Zone } from "./zone.ts";

const SVG = "http://www.w3.org/2000/svg";
export const HEIGHT = 112; // pixels, as in the style sheet
const BAND = { y: 48, height: 28 };
const EVENT = { above: 11, height: 7 }; // a mark over the band; a short event is a dot
const LETTER_PX = 6.4; // of the small labels, to know which of them have room
const FLAG_PX = 36; // half of the flag's width

/** All that is to be seen. */
export interface Scene {
  history: History;
  view: Span;
  width: number;
  zone: Zone;
  flagMs: number | null;
  clip: Span | null;
}

/** The picture of a scene, as the children of an `svg`. */
export function drawn(scene: Scene): Element[] {
  return new Drawing(scene).all();
}

class Drawing {
  readonly #scene: Scene;
  readonly #edge: number | null; // the pixel at which the history begins, when it is in view
  readonly #flag: number | null; // the middle of the flag

  constructor(scene: Scene) {
    this.#scene = scene;
    const { fromMs, horizonMs } = scene.history;
    const edge = fromMs === null ? -1 : Math.max(this.#at(fromMs), this.#at(horizonMs ?? fromMs));
    this.#edge = edge < 0 ? null : edge;
    const x = scene.flagMs === null ? null : this.#at(scene.flagMs);
    this.#flag = x === null ? null : Math.min(Math.max(x, FLAG_PX), scene.width - FLAG_PX);
  }

  all(): Element[] {
    const { spans, gaps, events } = this.#scene.history;
    return [
      hatch(),
      ...this.#beyond(),
      ...this.#ticks(),
      ...spans.map((span) => band("recorded", this.#at(span.fromMs), this.#at(span.toMs))),
      ...gaps.flatMap((gap) => this.#gap(gap.reason, gap)),
      ...events.map((event) => this.#event(event)),
      ...this.#horizon(),
      ...this.#clip(),
      ...this.#moment(),
    ];
  }

  #at(ms: number): number {
    return Math.round(toPixel(this.#scene.view, this.#scene.width, ms) * 10) / 10;
  }

  #ticks(): Element[] {
    return ticks(this.#scene.view, this.#scene.width, this.#scene.zone).flatMap((tick) => {
      const x = this.#at(tick.atMs);
      const line = element("line", { class: "tick", x1: x, x2: x, y1: 0, y2: HEIGHT });
      const free = this.#isFree(x + 6, x + 6 + tick.label.length * LETTER_PX);
      return free ? [line, label("tick-text", x + 6, 17, tick.label)] : [line];
    });
  }

  /** Whether nothing else stands between these pixels of the top row: no flag, no edge, not the end. */
  #isFree(from: number, to: number): boolean {
    const flag = this.#flag ?? -Infinity;
    const edge = this.#edge ?? -Infinity;
    return to < this.#scene.width && (to < flag - FLAG_PX || from > flag + FLAG_PX) && !(from < edge && edge < to);
  }

  #gap(reason: string, gap: Span): Element[] {
    const [from, to] = [Math.max(this.#at(gap.fromMs), 0), Math.min(this.#at(gap.toMs), this.#scene.width)];
    if (to <= from) return [];
    const box = band("gap", from, to);
    const { zone } = this.#scene;
    const long = `${reasonText(reason)} ${zone.minute(gap.fromMs)} - ${zone.minute(gap.toMs)}`;
    const fits = [long, reasonText(reason)].find((text) => text.length * LETTER_PX < Math.max(to - from, 60));
    return fits === undefined ? [box] : [box, label("gap-text", from + 4, BAND.y + BAND.height + 16, fits)];
  }

  #event(event: Happening): Element {
    const [from, to] = [this.#at(event.fromMs), this.#at(event.toMs)];
    const box = { y: BAND.y - EVENT.above, height: EVENT.height, rx: EVENT.height / 2 };
    return element("rect", { class: `event ${event.kind}`, x: from, width: Math.max(to - from, EVENT.height), ...box });
  }

  #beyond(): Element[] {
    const edge = this.#edge;
    return edge === null ? [] : [element("rect", { class: "beyond", x: 0, y: 0, width: edge, height: HEIGHT })];
  }

  #horizon(): Element[] {
    const edge = this.#edge;
    if (edge === null) return [];
    const room = edge > "history begins".length * LETTER_PX + 12;
    return [
      element("line", { class: "edge", x1: edge, x2: edge, y1: 0, y2: HEIGHT }),
      label(room ? "edge-text left" : "edge-text", room ? edge - 6 : edge + 6, HEIGHT - 8, "history begins"),
    ];
  }

  #clip(): Element[] {
    const { clip } = this.#scene;
    if (clip === null) return [];
    const [from, to] = [this.#at(clip.fromMs), this.#at(clip.toMs)];
    const box = { y: BAND.y - 6, height: BAND.height + 12, rx: 6 };
    return [element("rect", { class: "clip", x: from, width: Math.max(to - from, 3), ...box })];
  }

  #moment(): Element[] {
    const { flagMs, zone } = this.#scene;
    if (flagMs === null || this.#flag === null) return [];
    const x = this.#at(flagMs);
    const box = { x: this.#flag - FLAG_PX, y: 3, width: 2 * FLAG_PX, height: 23, rx: 6 };
    return [
      element("line", { class: "flag", x1: x, x2: x, y1: 24, y2: HEIGHT }),
      element("rect", { class: "flag-box", ...box }),
      label("flag-text", this.#flag, 19, zone.time(flagMs)),
    ];
  }
}

function band(name: string, from: number, to: number): Element {
  return element("rect", { class: name, x: from, width: Math.max(to - from, 1), ...BAND });
}

function label(name: string, x: number, y: number, text: string): Element {
  const made = element("text", { class: name, x, y });
  made.textContent = text;
  return made;
}

function hatch(): Element {
  const defs = element("defs", {});
  const box = { width: 8, height: 8, patternUnits: "userSpaceOnUse" };
  const slanted = element("pattern", { id: "hatch", ...box, patternTransform: "rotate(45)" });
  slanted.append(element("line", { class: "hatch", x1: 0, x2: 0, y1: 0, y2: 8 }));
  const upright = element("pattern", { id: "bars", ...box, width: 6 });
  upright.append(element("line", { class: "hatch", x1: 1, x2: 1, y1: 0, y2: 8 }));
  defs.append(slanted, upright);
  return defs;
}

export function element(name: string, attributes: Record<string, string | number>): Element {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}
