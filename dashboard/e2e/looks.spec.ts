import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { misfits } from "./fits";
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

/** Leave nothing of the folders in tracebacks but the files' names: they are those of whoever takes the picture. */
async function forgetFolders(page: Page): Promise<void> {
  await page.getByRole("region", { name: "Traceback" }).evaluateAll((regions) => {
    for (const region of regions) {
      const walker = document.createTreeWalker(region, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode())
        node.nodeValue = (node.nodeValue ?? "").replaceAll(/File "[^"]*\/([^"/]+)"/g, 'File "$1"');
    }
  });
}

async function look(page: Page, name: string): Promise<string[]> {
  const found: string[] = [];
  for (const theme of THEMES) {
    await wear(page, theme);
    found.push(...(await troubles(page)).map((each) => `${theme}: ${each}`));
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      found.push(...(await misfits(page)).map((each) => `${width} px: ${each}`));
      if (PICTURES && (theme === "light" ? width !== 768 : width === WIDTHS[0])) {
        await forgetFolders(page);
        const path = `${PICTURES}/${name}-${theme}-${width}.jpg`;
        await page.screenshot({ path, type: "jpeg", quality: 72, animations: "disabled" });
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
