// The timeline's ticks stand at round times of the zone's own day, and zoom keeps the moment under the finger.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ticks, toMoment, toPixel, within, zoomed } from "../src/scale.ts";
import { lengthText, reasonText } from "../src/words.ts";
import { Zone } from "../src/zone.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOON = Date.UTC(2026, 10, 24, 12);

test("a moment goes to its pixel and back", () => {
  const view = { fromMs: NOON, toMs: NOON + HOUR };
  assert.equal(toPixel(view, 600, NOON + HOUR / 2), 300);
  assert.equal(toMoment(view, 600, 300), NOON + HOUR / 2);
});

test("two hours on a desk get a tick every ten minutes", () => {
  const labels = ticks({ fromMs: NOON, toMs: NOON + 2 * HOUR }, 1000, new Zone("Europe/Berlin")).map((tick) => tick.label);
  assert.deepEqual(labels.slice(0, 4), ["13:00", "13:10", "13:20", "13:30"]);
});

test("ticks are round in a zone that is not whole hours from UTC", () => {
  const labels = ticks({ fromMs: NOON, toMs: NOON + 6 * HOUR }, 400, new Zone("Asia/Kathmandu")).map((tick) => tick.label);
  assert.deepEqual(labels.slice(0, 2), ["18:00", "20:00"]);
});

test("days begin at local midnight on both sides of the end of summer time", () => {
  const view = { fromMs: Date.UTC(2026, 9, 23), toMs: Date.UTC(2026, 9, 28) }; // clocks go back on 25 October
  const labels = ticks(view, 500, new Zone("Europe/Berlin")).map((tick) => tick.label);
  assert.deepEqual(labels, ["Sat 24 Oct", "Sun 25 Oct", "Mon 26 Oct", "Tue 27 Oct", "Wed 28 Oct"]);
});

test("days begin at local midnight on both sides of the beginning of summer time", () => {
  const view = { fromMs: Date.UTC(2026, 2, 27), toMs: Date.UTC(2026, 2, 31) }; // clocks go forward on 29 March
  const labels = ticks(view, 400, new Zone("Europe/Berlin")).map((tick) => tick.label);
  assert.deepEqual(labels, ["Sat 28 Mar", "Sun 29 Mar", "Mon 30 Mar", "Tue 31 Mar"]);
});

test("zooming keeps the moment where it is", () => {
  const limits = { fromMs: NOON - DAY, toMs: NOON + DAY };
  const view = zoomed({ fromMs: NOON, toMs: NOON + HOUR }, 2, NOON + HOUR / 4, limits);
  assert.deepEqual(view, { fromMs: NOON - HOUR / 4, toMs: NOON + (7 * HOUR) / 4 });
});

test("a view never leaves its limits and is never longer than they are", () => {
  const limits = { fromMs: NOON, toMs: NOON + HOUR };
  assert.deepEqual(zoomed(limits, 8, NOON, limits), limits);
  assert.deepEqual(within({ fromMs: NOON - HOUR, toMs: NOON - HOUR / 2 }, limits), { fromMs: NOON, toMs: NOON + HOUR / 2 });
});

test("a moment is spoken with its day, in the account's zone", () => {
  assert.equal(new Zone("Europe/Berlin").spoken(NOON), "Tuesday 24 November, 13:00:00");
});

test("a file is named by the account's time", () => {
  assert.equal(new Zone("America/New_York").forFile(NOON), "2026-11-24 07.00.00");
});

test("lengths and reasons are said in words", () => {
  assert.deepEqual([50_000, 200_000, 240_000, 5_400_000].map(lengthText), ["50 seconds", "3 min 20 s", "4 min", "1 h 30 min"]);
  assert.equal(reasonText("off"), "camera switched off");
  assert.equal(reasonText("a new reason"), "no recording");
});
