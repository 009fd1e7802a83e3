/** Whether what is on a page has room on it. */
import type { Page } from "@playwright/test";

/** Return what is too wide: the page itself, or something that its box cuts off unless that is meant and shown. */
export async function misfits(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const over = document.documentElement.scrollWidth - window.innerWidth;
    if (over > 0) found.push(`the page is ${over} px too wide`);
    for (const box of document.querySelectorAll("header, main, main *, dialog[open], dialog[open] *")) {
      if (!(box instanceof HTMLElement) || box.matches("input, select, textarea, [aria-hidden=true]")) continue;
      const { overflowX, textOverflow } = getComputedStyle(box);
      const meant = textOverflow === "ellipsis" || box.clientWidth <= 1 || box.closest("[aria-hidden=true]") !== null;
      if (meant || !["hidden", "clip"].includes(overflowX) || box.scrollWidth <= box.clientWidth + 1) continue;
      found.push(`<${box.tagName} class="${box.className}"> cuts off ${box.scrollWidth - box.clientWidth} px`);
    }
    return found;
  });
}

/** Return what is too wide at any of the widths, and leave the page as wide as it was. */
export async function misfitsAt(page: Page, widths: readonly number[]): Promise<string[]> {
  const before = page.viewportSize();
  const found: string[] = [];
  for (const width of widths) {
    await page.setViewportSize({ width, height: 900 });
    found.push(...(await misfits(page)).map((each) => `${width} px: ${each}`));
  }
  if (before) await page.setViewportSize(before);
  return found;
}
