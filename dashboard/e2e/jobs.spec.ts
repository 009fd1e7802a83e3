import { expect, open, signIn, test } from "./people";

test("a job is watched while it runs, with its progress", async ({ page, machine }) => {
  await open(page, "operator", "/jobs/");
  const id = await machine.enqueue({ task: "report.build", payload: { steps: 30, pause_s: 0.5 } });
  await page.goto(`/ui/jobs/view/?id=${id}`);
  const bar = page.getByRole("progressbar", { name: "Progress" });
  await expect(bar).toBeVisible();
  const first = Number(await bar.getAttribute("aria-valuenow"));
  await expect
    .poll(async () => Number((await bar.count()) ? await bar.getAttribute("aria-valuenow") : 100))
    .toBeGreaterThan(first);
  await expect(page.getByText("succeeded", { exact: true }).first()).toBeVisible({ timeout: 30_000 });
  await expect(page.getByRole("group", { name: "Result" })).toContainText("pages: 30");
});

test("a dead job is found by its payload, says why it died, and is run again edited", async ({ page, machine }) => {
  const lost = `lost-${Date.now()}`;
  const id = await machine.enqueue({ task: "mail.send", payload: { address: lost, copies: 2 }, max_retries: 0 });
  await machine.until(id, "dead");
  await open(page, "operator", "/jobs/");
  const box = page.getByRole("combobox", { name: "Filter" });
  await box.fill(`status:dead payload.address:${lost}`);
  await box.press("Enter");
  const found = page.getByRole("table", { name: "Jobs" }).getByRole("link", { name: "mail.send" });
  await expect(found).toHaveCount(1);
  await found.click();
  await expect(page.getByRole("list", { name: "Attempts" })).toContainText(`'${lost}' is no address`);
  await expect(page.getByRole("region", { name: "Traceback" })).toContainText("send_mail");

  await page.getByRole("button", { name: "Run again…" }).click();
  await page.getByLabel("address *").fill("somebody@example.org");
  await page.getByRole("button", { name: "Run again", exact: true }).click();
  await expect(page).not.toHaveURL(new RegExp(id));
  await expect(page.getByText("succeeded", { exact: true }).first()).toBeVisible({ timeout: 30_000 });
  await expect(page.getByRole("group", { name: "Result" })).toContainText("sent: 2");
});

test("numbers beyond 2^53 are shown and sent again to the digit", async ({ page, machine }) => {
  await open(page, "operator", "/tasks/view/?id=ledger.book");
  await page.getByLabel("account *").fill("9007199254740993");
  await page.getByRole("button", { name: "Enqueue" }).click();
  await page.getByRole("link", { name: "Open the job" }).click();
  await expect(page.getByRole("group", { name: "Payload" })).toContainText("account: 9007199254740993");
  const first = new URL(page.url()).searchParams.get("id") ?? "";
  await machine.until(first, "succeeded");
  await page.getByRole("button", { name: "Run again…" }).click();
  await page.getByLabel("note").fill("again");
  await page.getByRole("button", { name: "Run again", exact: true }).click();
  await expect(page).not.toHaveURL(new RegExp(first));
  await expect(page.getByRole("group", { name: "Payload" })).toContainText("account: 9007199254740993");
  await expect(page.getByRole("group", { name: "Result" })).toContainText("account: 9007199254740993", {
    timeout: 30_000,
  });
});

test("a filter that cannot be read says where, and completes what is begun", async ({ page }) => {
  await open(page, "viewer", "/jobs/?q=statsu:dead");
  await expect(page.getByRole("alert").filter({ hasText: "at character 1" })).toContainText("did you mean 'status'");
  const box = page.getByRole("combobox", { name: "Filter" });
  await box.fill("sta");
  await page
    .getByRole("option", { name: /^status/ })
    .first()
    .waitFor();
  await box.press("ArrowDown");
  await box.press("Enter");
  await expect(box).toHaveValue(/^status:/);
});

test("new jobs are counted, and do not push rows away", async ({ page, machine }) => {
  const tag = `t${Date.now()}`;
  const add = () => machine.enqueue({ task: "ledger.book", payload: { account: 1 }, tags: [tag] });
  await add();
  await open(page, "viewer", `/jobs/?q=tag:${tag}`);
  const rows = page.getByRole("table", { name: "Jobs" }).locator("tbody tr");
  await expect(rows).toHaveCount(1);
  await add();
  await add();
  await page.getByRole("button", { name: "2 new" }).click();
  await expect(rows).toHaveCount(3);
});

test("back, forward, reload and a shared link bring the same view", async ({ page, browser, machine }) => {
  await machine.enqueue({ task: "ledger.book", payload: { account: 2 } });
  await open(page, "viewer", "/jobs/");
  await page.getByRole("button", { name: /^dead/ }).click();
  await expect(page).toHaveURL(/q=status(:|%3A)dead/);
  await page.getByRole("button", { name: /^succeeded/ }).click();
  await page.goBack();
  await expect(page.getByRole("button", { name: /^dead/ })).toHaveAttribute("aria-pressed", "true");
  await page.goForward();
  await page.reload();
  await expect(page.getByRole("button", { name: /^succeeded/ })).toHaveAttribute("aria-pressed", "true");

  const other = await (await browser.newContext()).newPage();
  await other.goto(page.url());
  await signIn(other, "viewer");
  await expect(other.getByRole("button", { name: /^succeeded/ })).toHaveAttribute("aria-pressed", "true");
  await other.context().close();
});
