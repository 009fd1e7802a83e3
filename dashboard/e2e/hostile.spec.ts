import { misfitsAt } from "./fits";
import {
  ENDLESS,
  FOXES,
  HOSTILE,
  LONGEST,
  MARKUP,
  PRINTABLE,
  readsOn,
  RIGHT_TO_LEFT,
  TURNED,
  walk,
  WIDTHS,
} from "./hostile";
import { expect, freshWord, open, PASSWORD, test } from "./people";

test("hostile text in whatever a client sends is text", async ({ page, machine }) => {
  test.setTimeout(180_000);
  const tag = freshWord();
  const tags = [tag, MARKUP.slice(0, 60), RIGHT_TO_LEFT, "🦊".repeat(30), "x".repeat(64)];
  const payload = { account: 1, note: HOSTILE };
  const later = { task: "ledger.book", payload, tags, delay_s: 3600 };
  const queue = `${tag}-`.padEnd(LONGEST, "q");
  const whole = await machine.enqueue({
    task: "ledger.book",
    payload,
    tags,
    unique: { key: `${MARKUP}${tag}` },
    concurrency_key: `${MARKUP}${RIGHT_TO_LEFT}`,
  });
  const cancelled = await machine.enqueue(later);
  const waiting = await machine.enqueue({ ...later, queue });
  const members = Object.fromEntries([MARKUP, TURNED, FOXES, ENDLESS, "__proto__"].map((name) => [name, HOSTILE]));
  const free = await machine.enqueue({
    task: "http.request",
    payload: { url: "https://example.org/", headers: members },
    tags,
    delay_s: 3600,
  });
  await machine.call("POST", `/jobs/${cancelled}/cancel`, { reason: HOSTILE });
  await machine.call("POST", `/queues/${queue}/pause`, { reason: HOSTILE });
  const selection = { action: "cancel", filter: { q: `status:cancelled tag:${tag}` }, reason: HOSTILE };
  const plan = (await machine.call("POST", "/bulk-operations", { ...selection, dry_run: true })) as {
    plan_hash: string;
  };
  const bulk = (await machine.call("POST", "/bulk-operations", { ...selection, plan_hash: plan.plan_hash })) as {
    id: string;
  };
  await machine.until(whole, "succeeded");

  await open(page, "admin", `/jobs/?q=tag:${tag}`);
  await walk(page, [
    `/jobs/?q=tag:${tag}`,
    `/jobs/?q=${encodeURIComponent(`tag:"${MARKUP.slice(0, 60).replaceAll('"', '\\"')}"`)}`,
    ...[whole, cancelled, waiting, free].map((id) => `/jobs/view/?id=${id}`),
    "/queues/",
    `/queues/view/?name=${queue}`,
    "/bulk-operations/",
    `/bulk-operations/view/?id=${bulk.id}`,
    "/admin/?tab=audit",
    "/",
  ]);
  await page.goto(`/ui/jobs/view/?id=${whole}`);
  await expect(page.getByRole("group", { name: "Payload" })).toContainText(MARKUP);
  await page.goto(`/ui/jobs/view/?id=${cancelled}`);
  await expect(page.getByRole("region", { name: "Facts" })).toContainText(MARKUP);
  await page.goto(`/ui/jobs/view/?id=${waiting}`);
  await expect(page.getByRole("region", { name: "Why it waits" })).toContainText(MARKUP);
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  expect(await misfitsAt(page, WIDTHS)).toEqual([]);
});

test("hostile text in whatever a worker tells is text", async ({ page, machine }) => {
  test.setTimeout(120_000);
  const told = (job: object) =>
    machine.enqueue({ task: "echo.tell", max_retries: 0, payload: { text: HOSTILE, ...job } });
  const [running, good, bad] = await Promise.all([
    told({ hold_s: 60 }),
    told({ times: 900 }),
    told({ times: 900, fail: true }),
  ]);
  await machine.until(running, "running");
  await machine.until(good, "succeeded");
  await machine.until(bad, "dead");

  await open(page, "admin", `/jobs/view/?id=${running}`);
  await expect(page.getByRole("region", { name: "Progress" })).toContainText(MARKUP);
  await walk(page, [
    ...[running, good, bad].map((id) => `/jobs/view/?id=${id}`),
    "/jobs/?q=task:echo.tell",
    "/dead-letters/?task=echo.tell",
    "/tasks/",
    "/tasks/view/?id=echo.tell",
    "/workers/",
    "/",
  ]);
  await page.goto(`/ui/jobs/view/?id=${bad}`);
  await expect(page.getByRole("list", { name: "Attempts" })).toContainText(MARKUP);
  await page.goto("/ui/tasks/view/?id=echo.tell");
  await expect(page.getByText("<script>alert(5)</script>").first()).toBeVisible();
  await machine.call("POST", `/jobs/${running}/cancel`, { reason: HOSTILE });
});

test("hostile names of schedules, keys and people are text", async ({ page, machine }) => {
  test.setTimeout(120_000);
  const word = freshWord();
  const schedule = `${word}.`.padEnd(LONGEST, "s");
  const email = `"><img/src=x/onerror=alert(1)>🦊שלום${word}@${"x".repeat(200)}`;
  await machine.call("POST", "/schedules", {
    name: schedule,
    cron: "0 5 * * *",
    zone: "America/Argentina/ComodRivadavia",
    job: { task: "x".repeat(LONGEST), queue: "q".repeat(LONGEST), payload: { [MARKUP]: HOSTILE } },
  });
  await machine.call("POST", `/schedules/${schedule}/pause`, { reason: HOSTILE });
  await machine.call("POST", "/users", { email, role: "admin", password: PASSWORD });
  await machine.call("POST", "/api-keys", { name: `${word} ${PRINTABLE}`, queues: ["x".repeat(LONGEST), "*"] });

  await page.goto("/ui/");
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Account", exact: true }).click();
  await expect(page.getByRole("menu")).toContainText(email);
  await walk(page, [
    "/schedules/",
    `/schedules/view/?name=${schedule}`,
    `/schedules/edit/?name=${schedule}`,
    "/admin/",
    "/admin/?tab=keys",
    "/admin/?tab=users",
    "/admin/?tab=audit",
    "/",
  ]);
  await page.goto("/ui/admin/?tab=users");
  await expect(page.getByRole("table", { name: "People" })).toContainText(email);
  await page.goto(`/ui/schedules/view/?name=${schedule}`);
  await expect(page.getByRole("region", { name: "Next runs" })).toContainText(MARKUP);
  expect(await readsOn(page, "Without")).toBe(true);
  await page.goto("/ui/admin/?tab=keys");
  const key = page.getByRole("row").filter({ hasText: word });
  await expect(key).toContainText(MARKUP);
  await key.getByRole("button", { name: /^Revoke/ }).click();
  await expect(page.getByRole("status", { name: "Messages" })).toContainText(MARKUP);
  expect(await misfitsAt(page, WIDTHS)).toEqual([]);
  await machine.call("DELETE", `/schedules/${schedule}`);
});
