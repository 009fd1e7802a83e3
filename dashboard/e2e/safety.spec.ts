import { expect, open, test } from "./people";

test("a payload of a megabyte is shown in part and opens whole", async ({ page, machine }) => {
  const id = await machine.enqueue({ task: "ledger.book", payload: { account: 1, note: "<b>".repeat(330_000) } });
  await open(page, "viewer", `/jobs/view/?id=${id}`);
  const payload = page.getByRole("group", { name: "Payload" });
  await expect(payload).toContainText("967 KB");
  expect(((await payload.textContent()) ?? "").length).toBeLessThan(2000);
  await payload.getByRole("button", { name: /all of/ }).click();
  await expect.poll(async () => ((await payload.textContent()) ?? "").length).toBeGreaterThan(900_000);
  await page.goto("/ui/jobs/");
  await expect(page.getByText("a large payload").first()).toBeVisible();
});

test("a hidden tab asks nothing; seen again, it is fresh", async ({ page }) => {
  await open(page, "operator", "/");
  await expect(page.getByRole("list", { name: "Figures" })).toBeVisible();
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  const show = (state: string) =>
    page.evaluate((visibility) => {
      Object.defineProperty(document, "visibilityState", { configurable: true, get: () => visibility });
      document.dispatchEvent(new Event("visibilitychange"));
    }, state);
  await show("hidden");
  await page.waitForTimeout(1500);
  asked.length = 0;
  await page.waitForTimeout(13_000);
  expect(asked).toEqual([]);
  await show("visible");
  await expect.poll(() => asked.some((url) => url.includes("/stats/overview"))).toBe(true);
});

test("without the API a page says so, and comes back by itself", async ({ page, context }) => {
  await open(page, "viewer", "/jobs/");
  await expect(page.getByRole("table", { name: "Jobs" })).toBeVisible();
  await context.setOffline(true);
  await page.getByRole("button", { name: /^dead/ }).click();
  await expect(page.getByRole("alert").filter({ hasText: "The API cannot be reached" })).toBeVisible();
  await context.setOffline(false);
  await expect(page.getByRole("table", { name: "Jobs" }).getByText("dead", { exact: true }).first()).toBeVisible();
  await expect(page.getByRole("button", { name: /^Live/ })).toBeVisible();
});

test("names of pages that were never built have a page, and lead nowhere else", async ({ page }) => {
  const answer = await page.goto("/ui/nowhere/");
  expect(answer?.status()).toBe(404);
  const policy = answer?.headers()["content-security-policy"] ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain("unsafe");
});
