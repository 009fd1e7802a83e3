import { defineConfig } from "@playwright/test";

/** Against a real API, worker and PostgreSQL: `python -m tests.dashboard.stage` starts them and says where they are. */
export default defineConfig({
  testDir: "e2e",
  outputDir: "test-results",
  workers: Number(process.env["WORKERS"] ?? 2),
  fullyParallel: true,
  forbidOnly: true,
  timeout: 90_000,
  expect: { timeout: 20_000 },
  reporter: [["list"]],
  use: {
    baseURL: process.env["EQUEUE_URL"] ?? "http://127.0.0.1:8000",
    browserName: "chromium",
    viewport: { width: 1440, height: 900 },
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    actionTimeout: 20_000,
    navigationTimeout: 30_000,
    trace: "off",
    launchOptions: {
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
