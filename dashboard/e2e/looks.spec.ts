import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, open, test } from "./people";
import { PAGES, WIDTHS } from "./pages";

/** Where pictures for the documentation go, if any are wanted. */
const PICTURES = process.env["EQUEUE_PICTURES"];
const THEMES = ["light", "dark"] as const;

async function wear(page: Page, theme: string): Promise<void> {
  await page.emulateMedia({ colorScheme: theme === "dark" ? "dark" : "light", reducedMotion: "reduce" });
  await expect(page.locator(`html[data-theme=${theme}]`)).toBeAttached();
}

async function troubles(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id} ${target.join(" ")} ${failureSummary}`),
    );
}

async function look(page: Page, name: string): Promise<string[]> {
  const found: string[] = [];
  for (const theme of THEMES) {
    await wear(page, theme);
    found.push(...(await troubles(page)).map((each) => `${theme}: ${each}`));
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (over > 0) found.push(`${width} px: ${over} too wide`);
      if (PICTURES && (theme === "light" ? width !== 768 : width === WIDTHS[0])) {
        await page.screenshot({
          path: `${PICTURES}/${name}-${theme}-${width}.jpg`,
          type: "jpeg",
          quality: 72,
          animations: "disabled",
          mask: [page.getByRole("region", { name: "Traceback" })], // its paths are those of whoever takes the picture
        });
      }
    }
    await page.setViewportSize({ width: WIDTHS[0], height: 900 });
  }
  return found;
}

test("the login has no serious finding and fits", async ({ page }) => {
  await page.goto("/ui/");
  await expect(page.getByRole("button", { name: "Sign in" })).toBeVisible();
  expect(await look(page, "login")).toEqual([]);
});

for (const part of [0, 1, 2, 3])
  test(`pages have no serious finding in light and dark, and fit 360 px (${part + 1} of 4)`, async ({
    page,
    machine,
  }) => {
    test.setTimeout(240_000);
    const job = await machine.enqueue({ task: "mail.send", payload: { address: "nobody" }, max_retries: 1 });
    await machine.until(job, "dead");
    await machine.enqueue({ task: "report.build", payload: { steps: 100, pause_s: 1 } });
    const { items } = (await machine.call("GET", "/bulk-operations")) as { items: { id: string }[] };
    await open(page, "admin");
    const found: string[] = [];
    for (const [name, path] of Object.entries(PAGES).filter((_, index) => index % 4 === part)) {
      await page.goto(`/ui${path.replace("JOB", job).replace("OPERATION", items[0]?.id ?? "")}`);
      await expect(
        name === "not-found" ? page.getByText("There is no such page") : page.getByRole("heading", { level: 1 }),
      ).toBeVisible();
      await expect(page.getByRole("status", { name: "Loading" })).toHaveCount(0);
      found.push(...(await look(page, name)).map((each) => `${name}: ${each}`));
    }
    expect(found).toEqual([]);
  });

test("dialogs and menus have no serious finding", async ({ page, machine }) => {
  const job = await machine.enqueue({ task: "ledger.book", payload: { account: 1 }, delay_s: 3600 });
  await open(page, "admin", `/jobs/view/?id=${job}`);
  for (const name of ["Run again…", "Edit"]) {
    await page.getByRole("button", { name, exact: true }).click();
    await expect(page.getByRole("dialog")).toBeVisible();
    expect(await troubles(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await expect(page.getByRole("dialog")).toHaveCount(0);
  }
  await page.getByRole("button", { name: "View" }).click();
  await expect(page.getByRole("menu")).toBeVisible();
  expect(await troubles(page)).toEqual([]);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("dialog", { name: "Commands" })).toBeVisible();
  expect(await troubles(page)).toEqual([]);
});

test("the flows work by keyboard alone, and the focus is seen", async ({ page, machine }) => {
  const tag = `keys${Date.now()}`;
  const id = await machine.enqueue({ task: "ledger.book", payload: { account: 1 }, tags: [tag], delay_s: 3600 });
  await page.goto("/ui/");
  await expect(page.getByLabel("E-mail")).toBeFocused();
  await page.keyboard.type("operator@example.org");
  await page.keyboard.press("Tab");
  await page.keyboard.type("correct-horse-battery");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
  await page.keyboard.press("g");
  await page.keyboard.press("j");
  await expect(page.getByRole("heading", { level: 1, name: "Jobs" })).toBeVisible();
  await page.keyboard.press("/");
  await page.keyboard.type(`tag:${tag}`);
  await page.keyboard.press("Enter");
  const link = page.getByRole("table", { name: "Jobs" }).getByRole("link", { name: "ledger.book" });
  await expect(link).toHaveCount(1);
  await tabTo(page, `a[href*="${id}"]`);
  const outline = await link.evaluate((element) => getComputedStyle(element).outlineStyle);
  expect(outline).not.toBe("none");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Cancel", exact: true })).toBeVisible();
  await tabTo(page, "main button:not([title])");
  await page.keyboard.press("Enter");
  await expect(page.getByText("cancelled", { exact: true }).first()).toBeVisible();
  await page.keyboard.press("Control+k");
  await expect(page.getByPlaceholder("Where to, or what to do")).toBeFocused();
  await page.keyboard.type("dark colours");
  await page.keyboard.press("Enter");
  await expect(page.locator("html[data-theme=dark]")).toBeAttached();
});

async function tabTo(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)) return;
  }
  throw new Error(`Tab does not lead to ${selector}.`);
}
