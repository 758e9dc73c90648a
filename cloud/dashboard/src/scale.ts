// The timeline's scale: moments to pixels and back, round ticks in the zone's own time, zoom. All pure.

import type { Span } from "./spans.ts";
import type { Zone } from "./zone.ts";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const STEPS_MS = [
  5 * SECOND_MS, 10 * SECOND_MS, 30 * SECOND_MS, MINUTE_MS, 2 * MINUTE_MS, 5 * MINUTE_MS, 10 * MINUTE_MS, 20 * MINUTE_MS,
  HOUR_MS, 2 * HOUR_MS, 4 * HOUR_MS, 12 * HOUR_MS, DAY_MS, 2 * DAY_MS, 7 * DAY_MS,
];
const LABEL_PX = 76; // room that a tick's label needs
export const SHORTEST_VIEW_MS = MINUTE_MS;

export interface Tick {
  atMs: number;
  label: string;
}

/** The pixel at which a moment lies in a view that is `width` wide. */
export function toPixel(view: Span, width: number, ms: number): number {
  return ((ms - view.fromMs) / (view.toMs - view.fromMs)) * width;
}

/** The moment at a pixel. */
export function toMoment(view: Span, width: number, pixel: number): number {
  return view.fromMs + (pixel / width) * (view.toMs - view.fromMs);
}

/** Round moments of the zone's day, so far apart that their labels have room. */
export function ticks(view: Span, width: number, zone: Zone): Tick[] {
  const wanted = ((view.toMs - view.fromMs) * LABEL_PX) / Math.max(width, 1);
  const step = STEPS_MS.find((candidate) => candidate >= wanted) ?? 7 * DAY_MS;
  const found: Tick[] = [];
  for (let at = firstRound(view.fromMs, step, zone); at < view.toMs; at = firstRound(at + step / 2, step, zone)) {
    found.push({ atMs: at, label: labelOf(at, step, zone) });
  }
  return found;
}

/** A view that is `factor` times as long, with the moment `around` staying where it is, kept inside `limits`. */
export function zoomed(view: Span, factor: number, around: number, limits: Span): Span {
  const longest = Math.max(limits.toMs - limits.fromMs, SHORTEST_VIEW_MS);
  const length = Math.min(Math.max((view.toMs - view.fromMs) * factor, SHORTEST_VIEW_MS), longest);
  const share = (around - view.fromMs) / (view.toMs - view.fromMs);
  return within({ fromMs: around - share * length, toMs: around + (1 - share) * length }, limits);
}

/** The view moved, as little as it takes, to lie inside the limits. */
export function within(view: Span, limits: Span): Span {
  const length = view.toMs - view.fromMs;
  const fromMs = Math.max(Math.min(view.fromMs, limits.toMs - length), Math.min(limits.fromMs, limits.toMs - length));
  return { fromMs, toMs: fromMs + length };
}

function firstRound(fromMs: number, step: number, zone: Zone): number {
  const guess = Math.ceil((fromMs + zone.offset(fromMs)) / step) * step - zone.offset(fromMs);
  const shift = zone.offset(fromMs) - zone.offset(guess); // a change to or from summer time in between
  return guess + shift >= fromMs ? guess + shift : guess;
}

function labelOf(atMs: number, step: number, zone: Zone): string {
  const midnight = (atMs + zone.offset(atMs)) % DAY_MS === 0;
  if (midnight) return zone.day(atMs);
  return step < MINUTE_MS ? zone.time(atMs) : zone.minute(atMs);
}
