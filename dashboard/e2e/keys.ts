/** Hands that have a keyboard and nothing else. */
import { expect, type Locator, type Page } from "@playwright/test";
import { PASSWORD, type Role } from "./people";

const MOST = 150;

export class Keys {
  constructor(private readonly page: Page) {}

  /** Count what a mouse or a finger does, so that a test can tell that nothing was. */
  async watch(): Promise<void> {
    await this.page.addInitScript(() => {
      Object.assign(window, { pointed: 0 });
      const heed = (): number => ((window as unknown as { pointed: number }).pointed += 1);
      for (const kind of ["pointerdown", "mousedown", "touchstart"]) window.addEventListener(kind, heed, true);
    });
  }

  async pointed(): Promise<number> {
    return this.page.evaluate(() => (window as unknown as { pointed: number }).pointed);
  }

  async press(...keys: string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  /** Write over what stands in the field that has the focus. */
  async write(text: string): Promise<void> {
    await this.press("Control+a");
    await this.page.keyboard.type(text);
  }

  /** Tab until something has the focus, and see that this is seen. */
  async to(wanted: Locator): Promise<void> {
    await expect(wanted).toHaveCount(1); // lists may show what was asked before
    await expect(wanted).toBeVisible();
    await expect(wanted).toBeEnabled();
    for (let presses = 0; presses < MOST; presses += 1) {
      if (await wanted.evaluate((element) => element === document.activeElement)) {
        const ring = await wanted.evaluate((element) => getComputedStyle(element).outlineStyle);
        expect(ring, `the ring around ${String(wanted)}`).not.toBe("none");
        return;
      }
      await this.press("Tab");
    }
    throw new Error(`Tab does not lead to ${String(wanted)}.`);
  }

  /** Tab to something and press it. */
  async use(wanted: Locator, key = "Enter"): Promise<void> {
    await this.to(wanted);
    await this.press(key);
  }

  /** Go to a page by its letter. */
  async go(letter: string, title: string): Promise<void> {
    await this.press("g", letter);
    await expect(this.page.getByRole("heading", { level: 1, name: title, exact: true })).toBeVisible();
  }

  /** Find jobs, or one by its id, in the search of the top bar. */
  async find(text: string): Promise<void> {
    await this.press("/");
    await expect(this.page.getByRole("searchbox")).toBeFocused();
    await this.write(text);
    await this.press("Enter");
  }

  async signIn(role: Role): Promise<void> {
    await this.watch();
    await this.page.goto("/ui/");
    await expect(this.page.getByLabel("E-mail")).toBeFocused();
    await this.write(`${role}@example.org`);
    await this.press("Tab");
    await this.write(PASSWORD);
    await this.press("Enter");
    await expect(this.page.getByRole("list", { name: "Figures" })).toBeVisible();
  }
}
