// Wall-clock time and the player's time belong together, over gaps, runs and the horizon.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type History, mediaAt, playable, playlistRange, wallAt } from "../src/spans.ts";

const NOON = Date.UTC(2026, 10, 24, 12);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

// Two segments, a gap of five minutes, one more segment: media time knows nothing of the gap.
const PIECES = [
  { start: 0, duration: 10, wallMs: NOON },
  { start: 10, duration: 10, wallMs: NOON + 10_000 },
  { start: 20, duration: 10, wallMs: NOON + 320_000 },
];

function aHistory(more: Partial<History> = {}): History {
  return {
    fromMs: NOON - 2 * HOUR, toMs: NOON, horizonMs: NOON - 12 * HOUR, windowMs: 12 * HOUR,
    spans: [], gaps: [{ fromMs: NOON - HOUR, toMs: NOON - HOUR + 5 * MINUTE, reason: "off" }], events: [], ...more,
  };
}

test("media time becomes the wall-clock time of the segment it lies in", () => {
  assert.equal(wallAt(PIECES, 12.5), NOON + 12_500);
  assert.equal(wallAt(PIECES, 21), NOON + 321_000);
});

test("nothing is shown before anything is laid out", () => {
  assert.equal(wallAt([], 3), null);
});

test("a moment inside a segment is found in it", () => {
  assert.deepEqual(mediaAt(PIECES, NOON + 12_500), { time: 12.5, wallMs: NOON + 12_500 });
});

test("a moment inside a gap is found at the first picture after it", () => {
  assert.deepEqual(mediaAt(PIECES, NOON + 100_000), { time: 20, wallMs: NOON + 320_000 });
});

test("a moment after all that is laid out is not found", () => {
  assert.equal(mediaAt(PIECES, NOON + 330_000), null);
});

test("what was asked for in a gap plays from the gap's end", () => {
  assert.equal(playable(aHistory(), NOON - HOUR + MINUTE), NOON - HOUR + 5 * MINUTE);
});

test("what was asked for before the history plays from its beginning, and after it from its end", () => {
  assert.equal(playable(aHistory(), NOON - 9 * HOUR), NOON - 2 * HOUR);
  assert.equal(playable(aHistory(), NOON + HOUR), NOON);
});

test("an empty history plays nothing", () => {
  assert.equal(playable(aHistory({ fromMs: null, toMs: null }), NOON), null);
});

test("a playlist covers an hour, a quarter of it before the moment", () => {
  assert.deepEqual(playlistRange(aHistory(), NOON - 90 * MINUTE, NOON), {
    fromMs: NOON - 105 * MINUTE, toMs: NOON - 45 * MINUTE,
  });
});

test("a playlist never begins before the history", () => {
  assert.equal(playlistRange(aHistory(), NOON - 119 * MINUTE, NOON).fromMs, NOON - 2 * HOUR);
});

test("a playlist at the newest picture may grow while its head is safe from the horizon", () => {
  assert.equal(playlistRange(aHistory(), NOON - 10_000, NOON).toMs, NOON - 10_000 + 45 * MINUTE);
});

test("a playlist that would lose its head to the horizon ends now", () => {
  const short = aHistory({ windowMs: 40_000, horizonMs: NOON - 40_000, fromMs: NOON - 45_000 });
  const range = playlistRange(short, NOON - 10_000, NOON);
  assert.deepEqual(range, { fromMs: NOON - 20_000, toMs: NOON });
});
