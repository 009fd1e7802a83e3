import { open, test } from "./people";
import { PAGES } from "./pages";

test.skip(!process.env["EQUEUE_MEASURE"], "figures are told when asked for: EQUEUE_MEASURE=1");

test("how fast pages paint and answer with a processor four times slower", async ({ page }) => {
  test.setTimeout(240_000);
  await open(page, "admin");
  const session = await page.context().newCDPSession(page);
  await session.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  await page.addInitScript(() => {
    const kept: number[] = [];
    Object.assign(window, { answered: kept });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) kept.push(entry.duration);
    }).observe({ type: "event", durationThreshold: 16, buffered: true } as PerformanceObserverInit);
  });
  for (const name of ["overview", "jobs", "queues", "tasks", "dead-letters"]) {
    await page.goto(`/ui${PAGES[name]}`);
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.getByRole("button", { name: "View" }).waitFor();
    await page.waitForTimeout(2000);
    const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0);
    await page.getByRole("button", { name: "View" }).click();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Escape");
    await page.keyboard.press("/");
    await page.keyboard.type("status:dead");
    await page.waitForTimeout(500);
    const answered = await page.evaluate(() => (window as unknown as { answered: number[] }).answered);
    const sorted = [...answered].sort((one, other) => one - other);
    const p75 = sorted[Math.floor(sorted.length * 0.75)] ?? 0;
    process.stdout.write(
      `${name}: first paint ${Math.round(paint)} ms, interaction p75 ${Math.round(p75)} ms of ${sorted.length}\n`,
    );
  }
});
