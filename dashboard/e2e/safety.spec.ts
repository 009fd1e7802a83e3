import { expect, open, test } from "./people";

const HOSTILE = [
  "<img src=x onerror=alert(1)>",
  "<script>alert(1)</script>",
  '"><svg onload=alert(1)>',
  "javascript:alert(1)",
  "\u202egnp.exe \u2066 \u061c",
  "🦊".repeat(200),
  "x".repeat(5000),
  "{{7*7}} ${7*7} %s",
];

test("hostile text in every field is text, breaks nothing and runs nothing", async ({ page, machine }) => {
  test.setTimeout(180_000);
  const tag = `hostile${Date.now()}`;
  const all = Object.fromEntries(
    HOSTILE.map((text, index) => [index % 2 ? `${text.slice(0, 40)}-${index}` : `k${index}`, text]),
  );
  const note = HOSTILE.slice(0, 5).join(" ");
  const whole = await machine.enqueue({
    task: "ledger.book",
    payload: { account: 1, note },
    tags: [tag, ...HOSTILE.filter((_, index) => index !== 4).map((text) => [...text].slice(0, 30).join(""))],
    unique: { key: HOSTILE[0] + tag },
    concurrency_key: `${HOSTILE[2]}${HOSTILE[3]}`,
  });
  await machine.until(whole, "succeeded");
  const failing = await machine.enqueue({ task: "mail.send", payload: { address: note }, tags: [tag], max_retries: 0 });
  await machine.until(failing, "dead");
  const free = await machine.enqueue({
    task: "http.request",
    payload: { url: "https://example.org/", headers: all },
    tags: [tag],
    delay_s: 3600,
  });
  await machine.call("POST", "/queues/hostile/pause", { reason: note });

  await open(page, "admin", `/jobs/?q=tag:${tag}`);
  const paths = [`/jobs/?q=tag:${tag}`, ...[whole, failing, free].map((id) => `/jobs/view/?id=${id}`)];
  for (const path of [...paths, "/dead-letters/", "/queues/", "/queues/view/?name=hostile", "/admin/?tab=audit", "/"]) {
    await page.goto(`/ui${path}`);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(page.getByRole("status", { name: "Loading" })).toHaveCount(0);
    for (const width of [1440, 360]) {
      await page.setViewportSize({ width, height: 900 });
      expect(
        await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth),
        path,
      ).toBeLessThanOrEqual(0);
    }
    expect(await page.locator("main img, main script, main svg[onload]").count(), path).toBe(0);
  }
  await page.goto(`/ui/jobs/view/?id=${whole}`);
  await expect(page.getByRole("group", { name: "Payload" })).toContainText("<img src=x onerror=alert(1)>");
  await machine.call("POST", "/queues/hostile/resume", {});
});

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
  await open(page, "viewer", "/tasks/");
  await expect(page.getByRole("table", { name: "Tasks" })).toBeVisible();
  await context.setOffline(true);
  await page.getByRole("link", { name: "mail.send" }).click({ noWaitAfter: true });
  await context.setOffline(false);
  await expect(page.getByRole("heading", { level: 1, name: "mail.send" })).toBeVisible();
});

test("names of pages that were never built have a page, and lead nowhere else", async ({ page }) => {
  const answer = await page.goto("/ui/nowhere/");
  expect(answer?.status()).toBe(404);
  const policy = answer?.headers()["content-security-policy"] ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain("unsafe");
});
