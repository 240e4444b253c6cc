/** Which page is shown: the part of the address after the hash sign. */
import { signal } from "@preact/signals";

export const PAGES = ["trade", "follow", "explore"] as const;
export type Page = (typeof PAGES)[number];

const read = (): Page => PAGES.find((each) => location.hash === `#/${each}`) ?? "trade";
export const page = signal<Page>(read());
/** The intent that is looked at. */
export const chosen = signal("");

addEventListener("hashchange", () => (page.value = read()));

export function go(next: Page, hash = ""): void {
  chosen.value = hash;
  location.hash = `#/${next}`;
}
