// A current picture on each camera's card: the first frame of its newest segment, drawn once and seldom renewed.

import { Zone } from "./zone.ts";

const RENEW_MS = 60_000; // a picture costs a few hundred kilobytes until hubs send small ones
const LOOK_MS = 2000;
const PATIENCE_MS = 8000;
const WIDTH = 640; // pixels of the drawn picture; a card is never wider

const taken = new WeakMap<HTMLCanvasElement, { at: number; momentMs: number }>();

/** Renew the pictures of all cards on the page, one after another, while the page is seen. */
export function keepStills(): void {
  void (async () => {
    for (;;) {
      for (const canvas of document.querySelectorAll<HTMLCanvasElement>("canvas[data-still]")) {
        if (!document.hidden && isDue(canvas)) await draw(canvas);
      }
      await new Promise((wake) => setTimeout(wake, LOOK_MS));
    }
  })();
}

function isDue(canvas: HTMLCanvasElement): boolean {
  const before = taken.get(canvas);
  return before === undefined || (newestOf(canvas) > before.momentMs && performance.now() - before.at > RENEW_MS);
}

function newestOf(canvas: HTMLCanvasElement): number {
  return Number(canvas.parentElement?.querySelector("data")?.value ?? 0);
}

async function draw(canvas: HTMLCanvasElement): Promise<void> {
  const momentMs = newestOf(canvas);
  taken.set(canvas, { at: performance.now(), momentMs });
  const video = document.createElement("video");
  video.muted = true;
  video.preload = "auto";
  try {
    await firstFrame(video, `/v1/cameras/${canvas.dataset["still"]}/clip.mp4?from=${momentMs - 1}&to=${momentMs}`);
    canvas.width = Math.min(video.videoWidth, WIDTH);
    canvas.height = Math.round((canvas.width * video.videoHeight) / video.videoWidth);
    canvas.getContext("2d")?.drawImage(video, 0, 0, canvas.width, canvas.height);
    tell(canvas, momentMs);
    canvas.dataset["drawn"] = "yes";
  } catch {
    canvas.dataset["drawn"] = "no"; // the card is whole without a picture; a newer one is tried later
  } finally {
    video.removeAttribute("src");
    video.load(); // ends the download
  }
}

/** Say when the picture is from: it may be older than the newest. */
function tell(canvas: HTMLCanvasElement, momentMs: number): void {
  const zone = new Zone(document.body.dataset["zone"] || "UTC");
  const tag = canvas.parentElement?.querySelector("[data-tag]");
  if (tag) tag.textContent = zone.time(momentMs);
}

function firstFrame(video: HTMLVideoElement, address: string): Promise<void> {
  return new Promise((shown, failed) => {
    const timeout = setTimeout(() => failed(new Error("no picture in time")), PATIENCE_MS);
    video.addEventListener("loadeddata", () => (clearTimeout(timeout), shown()));
    video.addEventListener("error", () => (clearTimeout(timeout), failed(new Error("no picture"))));
    video.src = address;
  });
}
