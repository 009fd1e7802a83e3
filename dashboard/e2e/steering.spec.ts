import { expect, freshWord, howFar, open, test } from "./people";

test("a group of dead letters is retried after a look at what it touches", async ({ page, machine }) => {
  const word = freshWord();
  const ids = await Promise.all(
    [1, 2, 3].map((each) => machine.enqueue({ task: "mail.send", payload: { address: word + each }, max_retries: 0 })),
  );
  await Promise.all(ids.map((id) => machine.until(id, "dead")));
  await open(page, "operator", "/dead-letters/?task=mail.send");
  const group = page.getByRole("table", { name: "Groups of dead jobs" }).getByRole("row").filter({ hasText: word });
  await group.getByRole("button", { name: "Retry" }).click();
  const dialog = page.getByRole("dialog", { name: "Retry jobs" });
  await expect(dialog.getByRole("list", { name: "Jobs that would be touched" })).toContainText("mail.send");
  await dialog.getByRole("button", { name: "Retry 3 jobs" }).click();
  await page.getByRole("link", { name: "Watch it" }).click();
  await expect(howFar(page).getByText("finished", { exact: true })).toBeVisible({ timeout: 30_000 });
});

test("a queue is paused, and its jobs tell the reason", async ({ page, machine }) => {
  const id = await machine.enqueue({ task: "ledger.book", queue: "pausing", payload: { account: 1 }, delay_s: 2 });
  await open(page, "operator", "/queues/view/?name=pausing");
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByLabel("Why", { exact: true }).fill("the bank is closed");
  await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
  await expect(page.getByRole("button", { name: "Resume" })).toBeVisible();
  await page.goto(`/ui/jobs/view/?id=${id}`);
  await expect(page.getByRole("region", { name: "Why it waits" })).toContainText("the bank is closed");
  await machine.call("POST", "/queues/pausing/resume", {});
});

test("a schedule is made with its next runs in view", async ({ page, machine }) => {
  const name = `tidy-${Date.now()}`;
  await open(page, "operator", "/schedules/");
  await page.getByRole("link", { name: "New schedule" }).click();
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Task").fill("report.build");
  await page.getByLabel("Cron expression").fill("30 2 * * *");
  await expect(page.getByRole("list", { name: "Next fire times" }).getByRole("listitem")).toHaveCount(5);
  await expect(page.getByText("At 02:30 every day").first()).toBeVisible();
  await page.getByLabel("Cron expression").fill("61 2 * * *");
  await expect(page.getByRole("alert").first()).toBeVisible();
  await page.getByLabel("Cron expression").fill("30 2 * * *");
  await page.getByRole("button", { name: "Create schedule" }).click();
  await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
  await page.getByRole("button", { name: "Run now" }).click();
  await expect(page.getByRole("link", { name: "Open it" })).toBeVisible();
  await machine.call("DELETE", `/schedules/${name}`);
});

test("jobs are cancelled in bulk, previewed, and the operation is aborted", async ({ page, machine }) => {
  const tag = await machine.queued(3000);
  await open(page, "operator", `/jobs/?q=${encodeURIComponent(`status:queued tag:${tag}`)}`);
  await page.getByLabel("Choose all on this page").check();
  await page.getByRole("button", { name: "Choose all that the filter means" }).click();
  await page.getByRole("region", { name: "Chosen jobs" }).getByRole("button", { name: "Cancel" }).click();
  const dialog = page.getByRole("dialog", { name: "Cancel jobs" });
  await expect(dialog.getByText("3,000").first()).toBeVisible();
  await dialog.getByLabel("Reason, told on each job").fill("asked for twice");
  await dialog.getByRole("button", { name: "Cancel 3,000 jobs" }).click();
  await page.getByRole("link", { name: "Watch it" }).click();
  await expect(page.getByRole("definition").filter({ hasText: "asked for twice" })).toBeVisible();
  await page.getByRole("button", { name: "Abort" }).click();
  await expect(howFar(page).getByText("aborted", { exact: true })).toBeVisible();
  await expect(page.getByRole("button", { name: "Go on" })).toBeVisible();
});

test("a range of rows is chosen with Shift", async ({ page, machine }) => {
  const tag = await machine.queued(5);
  await open(page, "operator", `/jobs/?q=tag:${tag}`);
  const boxes = page.getByRole("checkbox", { name: /^Choose ledger/ });
  await boxes.nth(1).click();
  await boxes.nth(3).click({ modifiers: ["Shift"] });
  await expect(page.getByText("3 jobs chosen")).toBeVisible();
});
