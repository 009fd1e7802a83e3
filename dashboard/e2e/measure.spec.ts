import { open, test } from "./people";
import { PAGES } from "./pages";

test.skip(!process.env["EQUEUE_MEASURE"], "figures are told when asked for: EQUEUE_MEASURE=1");

const ROUNDS = 5;

function sorted(values: readonly number[]): number[] {
  return [...values].sort((one, other) => one - other);
}

test("how fast pages paint and answer with a processor four times slower", async ({ page }) => {
  test.setTimeout(400_000);
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
  const view = page.getByRole("button", { name: "View" });
  for (const name of ["overview", "jobs", "queues", "tasks", "dead-letters"]) {
    const paints: number[] = [];
    const answered: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      // The first round finds no script in the cache, the others do, as people who come again.
      if (round === 0) await session.send("Network.clearBrowserCache");
      await page.goto(`/ui${PAGES[name]}`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.waitForTimeout(2000);
      paints.push(await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0));
      await view.click();
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Escape");
      await page.keyboard.press("/");
      await page.keyboard.type("status:dead");
      await page.waitForTimeout(500);
      answered.push(...(await page.evaluate(() => (window as unknown as { answered: number[] }).answered)));
    }
    const [first = 0] = paints;
    const again = sorted(paints.slice(1));
    const p75 = sorted(answered)[Math.floor(answered.length * 0.75)] ?? 0;
    process.stdout.write(
      `${name}: first paint ${Math.round(first)} ms, with a cache ${Math.round(again[again.length >> 1] ?? 0)} ms ` +
        `(${Math.round(again.at(-1) ?? 0)} at most); interaction p75 ${Math.round(p75)} ms of ${answered.length}\n`,
    );
  }
});
