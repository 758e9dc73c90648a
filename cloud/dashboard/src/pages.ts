// What every page has: parts that follow the service without flicker, a button that copies, pictures on the cards.

import { signInAgain } from "./api.ts";
import { keepStills } from "./stills.ts";

const REFRESH_MS = 4000;

/** Bring the parts marked `data-live` up to date; what has not changed is not touched, and focus stays. */
async function refresh(): Promise<void> {
  if (document.hidden || document.querySelector("[data-live]") === null) return;
  const answer = await fetch(location.href, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(REFRESH_MS * 2) });
  if (answer.redirected && new URL(answer.url).pathname === "/login") return signInAgain();
  if (!answer.ok) throw new Error(`answered ${answer.status}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const shown = keysOf(document);
  const fresh = keysOf(page);
  if (shown.join() !== fresh.join()) return replaceContent(page); // a camera or a hub came or went
  for (const key of fresh) replaceIfChanged(find(document, key), find(page, key));
}

function keysOf(page: Document): string[] {
  return [...page.querySelectorAll<HTMLElement>("[data-live]")].map((part) => part.dataset["live"] ?? "");
}

function find(page: Document, key: string): HTMLElement | null {
  return page.querySelector<HTMLElement>(`[data-live="${CSS.escape(key)}"]`);
}

function replaceContent(page: Document): void {
  const fresh = page.getElementById("content");
  if (fresh !== null) document.getElementById("content")?.replaceChildren(...fresh.childNodes);
}

function replaceIfChanged(shown: HTMLElement | null, fresh: HTMLElement | null): void {
  if (shown === null || fresh === null || shown.isEqualNode(fresh)) return;
  shown.replaceWith(fresh);
}

async function follow(): Promise<void> {
  try {
    await refresh();
    showOffline(false);
  } catch {
    showOffline(true); // the next round may succeed
  }
  setTimeout(() => void follow(), REFRESH_MS);
}

function showOffline(away: boolean): void {
  const banner = document.getElementById("offline");
  if (banner !== null) banner.hidden = !away;
}

function copyButtons(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-copy]")) {
    const source = document.getElementById(button.dataset["copy"] ?? "");
    button.hidden = source === null || !("clipboard" in navigator);
    button.addEventListener("click", () => {
      void navigator.clipboard.writeText(source?.textContent.trim() ?? "").then(() => (button.textContent = "Copied"));
    });
  }
}

/** Let a choice take effect at once where there is script; without it there is a button. */
function choosers(): void {
  for (const chooser of document.querySelectorAll<HTMLSelectElement>("select[data-goes]")) {
    chooser.addEventListener("change", () => location.assign(chooser.value));
  }
}

copyButtons();
choosers();
keepStills();
setTimeout(() => void follow(), REFRESH_MS);
