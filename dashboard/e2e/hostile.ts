/** Text that wants to be more than text. */
import { expect, type Page } from "@playwright/test";
import { misfitsAt } from "./fits";

export const MARKUP = `<img src=x onerror=alert(1)><script>alert(2)</script>"><svg onload=alert(3)>`;
export const TURNED = "\u202egnp.exe \u2066 \u061c";
export const RIGHT_TO_LEFT = "שלום עולם";
export const FOXES = "🦊".repeat(60);
export const ENDLESS = "x".repeat(300);
/** What every text may hold that somebody else writes; names of keys and people hold printable signs only. */
export const HOSTILE = `${MARKUP} ${TURNED} ${RIGHT_TO_LEFT} ${FOXES} ${ENDLESS} {{7*7}} \${7*7} %s javascript:alert(4)`;
export const PRINTABLE = `${MARKUP} ${RIGHT_TO_LEFT} ${"🦊".repeat(20)} ${"x".repeat(100)}`;
export const LONGEST = 128;
export const WIDTHS = [1440, 360];

/** Go through pages: each has room for what is on it, and nothing of it became part of the page. */
export async function walk(page: Page, paths: readonly string[]): Promise<void> {
  const found: string[] = [];
  for (const path of paths) {
    await page.goto(`/ui${path}`);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(page.getByRole("status", { name: "Loading" })).toHaveCount(0);
    found.push(...(await misfitsAt(page, WIDTHS)).map((each) => `${path} ${each}`));
    expect(await page.locator("main img, main script, main svg[onload], header img").count(), path).toBe(0);
  }
  expect(found).toEqual([]);
}

/** Tell whether a text of ours reads from left to right, whatever stands before it. */
export async function readsOn(page: Page, text: string): Promise<boolean> {
  return page
    .getByText(text)
    .last()
    .evaluate((element, wanted) => {
      const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const at = (node.nodeValue ?? "").indexOf(wanted);
        if (at < 0) continue;
        const left = [0, 1].map((next) => {
          const range = document.createRange();
          range.setStart(node, at + next);
          range.setEnd(node, at + next + 1);
          return range.getBoundingClientRect().left;
        });
        return (left[0] ?? 0) < (left[1] ?? 0);
      }
      return false;
    }, text);
}
