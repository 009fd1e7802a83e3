import type { Locator, Page } from "@playwright/test";
import { expect, freshWord, howFar, type Machine, test as bare } from "./people";
import { Keys } from "./keys";

/** The flows once more, by keyboard alone: each test fails if anything was pointed at. */
const test = bare.extend<{ keys: Keys }>({
  keys: async ({ page }, use) => {
    const keys = new Keys(page);
    await keys.signIn("operator");
    await use(keys);
    expect(await keys.pointed()).toBe(0);
  },
});

test("keys: a job is found and cancelled, and the palette sets the colours", async ({ page, machine, keys }) => {
  const tag = freshWord();
  await machine.enqueue({ task: "ledger.book", payload: { account: 1 }, tags: [tag], delay_s: 3600 });
  await keys.go("j", "Jobs");
  await keys.find(`tag:${tag}`);
  await keys.use(page.getByRole("table", { name: "Jobs" }).getByRole("link", { name: "ledger.book" }));
  await keys.use(page.getByRole("button", { name: "Cancel", exact: true }));
  await expect(page.getByText("cancelled", { exact: true }).first()).toBeVisible();
  await keys.press("Control+k");
  await expect(page.getByPlaceholder("Where to, or what to do")).toBeFocused();
  await keys.write("dark colours");
  await keys.press("Enter");
  await expect(page.locator("html[data-theme=dark]")).toBeAttached();
});

test("keys: a dead job is run again edited", async ({ page, machine, keys }) => {
  const lost = freshWord();
  const id = await machine.enqueue({ task: "mail.send", payload: { address: lost, copies: 3 }, max_retries: 0 });
  await machine.until(id, "dead");
  await keys.go("j", "Jobs");
  const box = page.getByRole("combobox", { name: "Filter" });
  await keys.to(box);
  await keys.write(`status:dead payload.address:${lost}`);
  await keys.press("Enter");
  const found = page.getByRole("table", { name: "Jobs" }).getByRole("link", { name: "mail.send" });
  await expect(found).toHaveCount(1);
  await expect(box).toBeFocused();
  await keys.use(found);
  const again = page.getByRole("button", { name: "Run again…" });
  await keys.use(again);
  await expect(page.getByRole("dialog")).toBeVisible();
  await keys.press("Escape");
  await expect(again).toBeFocused();
  await keys.press("Enter");
  await expect(page.getByLabel("address *")).toBeFocused();
  await keys.write("somebody@example.org");
  await keys.use(page.getByRole("button", { name: "Run again", exact: true }));
  await expect(page).not.toHaveURL(new RegExp(id));
  await expect(page.getByRole("group", { name: "Result" })).toContainText("sent: 3", { timeout: 30_000 });
});

test("keys: a group of dead letters is retried", async ({ page, machine, keys }) => {
  const word = freshWord();
  const ids = await Promise.all(
    [1, 2].map((each) => machine.enqueue({ task: "mail.send", payload: { address: word + each }, max_retries: 0 })),
  );
  await Promise.all(ids.map((id) => machine.until(id, "dead")));
  await keys.go("d", "Dead letters");
  const group = page.getByRole("table", { name: "Groups of dead jobs" }).getByRole("row").filter({ hasText: word });
  await keys.use(group.getByRole("button", { name: "Retry" }));
  const dialog = page.getByRole("dialog", { name: "Retry jobs" });
  await expect(dialog.getByRole("list", { name: "Jobs that would be touched" })).toContainText("mail.send");
  await keys.use(dialog.getByRole("button", { name: "Retry 2 jobs" }));
  await expect(dialog).toHaveCount(0);
  await keys.go("b", "Bulk operations");
  await keys.use(await operation(page, machine, ({ action, expected }) => action === "retry" && expected.value === 2));
  await expect(howFar(page).getByText("finished", { exact: true })).toBeVisible({ timeout: 30_000 });
});

test("keys: a queue pauses, its job says why, and it goes on", async ({ page, machine, keys }) => {
  const queue = freshWord();
  const id = await machine.enqueue({ task: "ledger.book", queue, payload: { account: 1 }, delay_s: 3600 });
  await keys.go("q", "Queues");
  await keys.use(page.getByRole("button", { name: `Pause ${queue}` }));
  await expect(page.getByLabel("Why", { exact: true })).toBeFocused();
  await keys.write("the vault is shut");
  await keys.use(page.getByRole("dialog").getByRole("button", { name: "Pause" }));
  await expect(page.getByRole("row").filter({ hasText: queue })).toContainText("the vault is shut");
  await keys.find(id);
  await expect(page.getByRole("region", { name: "Why it waits" })).toContainText("the vault is shut");
  await keys.go("q", "Queues");
  await keys.use(page.getByRole("button", { name: `Resume ${queue}` }));
  await keys.use(page.getByRole("dialog").getByRole("button", { name: "Resume" }));
  await expect(page.getByRole("row").filter({ hasText: queue })).toContainText("open");
});

test("keys: a schedule is made with its next runs in view", async ({ page, machine, keys }) => {
  const name = freshWord();
  await keys.go("s", "Schedules");
  await keys.use(page.getByRole("link", { name: "New schedule" }));
  await keys.to(page.getByLabel("Name"));
  await keys.write(name);
  await keys.to(page.getByLabel("Task", { exact: true }));
  await keys.write("report.build");
  await keys.to(page.getByLabel("Cron expression"));
  await keys.write("45 3 * * *");
  await expect(page.getByText("At 03:45 every day").first()).toBeVisible();
  await expect(page.getByRole("list", { name: "Next fire times" }).getByRole("listitem")).toHaveCount(5);
  await keys.use(page.getByRole("button", { name: "Create schedule" }));
  await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
  await machine.call("DELETE", `/schedules/${name}`);
});

test("keys: jobs are cancelled in bulk, previewed and aborted", async ({ page, machine, keys }) => {
  const tag = await machine.queued(3000);
  await keys.find(`status:queued tag:${tag}`);
  await expect(page.getByRole("table", { name: "Jobs" })).toContainText(tag);
  await keys.use(page.getByLabel("Choose all on this page"), "Space");
  const chosen = page.getByRole("region", { name: "Chosen jobs" });
  await keys.use(chosen.getByRole("button", { name: "Choose all that the filter means" }));
  await keys.use(chosen.getByRole("button", { name: "Cancel" }));
  const dialog = page.getByRole("dialog", { name: "Cancel jobs" });
  await expect(dialog.getByLabel("Reason, told on each job")).toBeFocused();
  await keys.write(tag);
  await keys.use(dialog.getByRole("button", { name: "Cancel 3,000 jobs" }));
  await expect(dialog).toHaveCount(0);
  await keys.go("b", "Bulk operations");
  await keys.use(await operation(page, machine, ({ reason }) => reason === tag));
  await expect(page.getByRole("definition").filter({ hasText: tag }).first()).toBeVisible();
  await keys.use(page.getByRole("button", { name: "Abort" }));
  await expect(howFar(page).getByText("aborted", { exact: true })).toBeVisible();
});

test("keys: a key is made, and its secret shown", async ({ page, keys }) => {
  const name = freshWord();
  await keys.go("a", "Admin");
  await keys.use(page.getByRole("button", { name: "API keys" }));
  await keys.use(page.getByRole("button", { name: "New key" }));
  await expect(page.getByLabel("Name")).toBeFocused();
  await keys.write(name);
  await keys.use(page.getByRole("button", { name: "Make key" }));
  const dialog = page.getByRole("dialog", { name: `The key ${name}` });
  await expect(dialog.locator("code")).toHaveText(/^eq_/);
  await keys.use(dialog.getByRole("button", { name: "I have it" }));
  await expect(page.getByRole("table", { name: "API keys" })).toContainText(name);
});

interface Operation {
  id: string;
  action: string;
  reason: string | null;
  expected: { value: number };
}

/** Return the link to the newest bulk operation of a kind. */
async function operation(page: Page, machine: Machine, wanted: (each: Operation) => boolean): Promise<Locator> {
  const { items } = (await machine.call("GET", "/bulk-operations")) as { items: Operation[] };
  return page.getByRole("table", { name: "Bulk operations" }).locator(`a[href*="${items.find(wanted)?.id ?? ""}"]`);
}
