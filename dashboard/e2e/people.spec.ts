import { expect, open, PASSWORD, signIn, test } from "./people";

test("a wrong password is told in place", async ({ page }) => {
  await page.goto("/ui/jobs/");
  await page.getByLabel("E-mail").fill("viewer@example.org");
  await page.getByLabel("Password").fill("not-the-password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByText("Wrong e-mail or password").or(page.getByRole("alert").first())).toBeVisible();
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Jobs" })).toBeVisible();
});

test("a key is made, shown once, and revoked", async ({ page, request }) => {
  const name = `robot ${Date.now()}`;
  await open(page, "operator", "/admin/?tab=keys");
  await page.getByRole("button", { name: "New key" }).click();
  await page.getByLabel("Name").fill(name);
  await page.getByRole("button", { name: "Make key" }).click();
  const dialog = page.getByRole("dialog", { name: `The key ${name}` });
  const secret = (await dialog.locator("code").textContent()) ?? "";
  expect(secret).toMatch(/^eq_/);
  const me = () => request.get("/api/v1/me", { headers: { Authorization: `Bearer ${secret}` } });
  expect((await me()).status()).toBe(200);
  await dialog.getByRole("button", { name: "I have it" }).click();
  await page.reload();
  await expect(page.getByText(name)).toBeVisible();
  expect(await page.content()).not.toContain(secret);
  await page.getByRole("button", { name: `Revoke ${name}` }).click();
  await expect(page.getByRole("row").filter({ hasText: name })).toContainText("revoked");
  expect((await me()).status()).toBe(401);
});

test("a viewer sees everything and can change nothing", async ({ page, machine }) => {
  const id = await machine.enqueue({ task: "ledger.book", payload: { account: 1 }, delay_s: 3600 });
  await open(page, "viewer", `/jobs/view/?id=${id}`);
  await expect(page.getByRole("heading", { level: 1, name: "ledger.book" })).toBeVisible();
  for (const name of ["Cancel", "Run now", "Edit", "Run again…", "Delete"]) {
    await expect(page.getByRole("button", { name, exact: true })).toHaveCount(0);
  }
  await expect(page.getByRole("link", { name: "Bulk operations" })).toHaveCount(0);
  await page.goto("/ui/jobs/");
  await expect(page.getByRole("table", { name: "Jobs" })).toBeVisible();
  await expect(page.getByLabel("Choose all on this page")).toHaveCount(0);
  await page.goto("/ui/schedules/");
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
  await expect(page.getByRole("link", { name: "New schedule" })).toHaveCount(0);
  await page.goto("/ui/admin/");
  await expect(page.getByRole("button", { name: "API keys" })).toBeVisible();
  await expect(page.getByRole("button", { name: "People" })).toHaveCount(0);
});

test("a member sees own jobs only, and may steer those", async ({ page, machine }) => {
  const others = await machine.enqueue({ task: "ledger.book", payload: { account: 77 }, delay_s: 3600 });
  await open(page, "member", `/jobs/view/?id=${others}`);
  await expect(page.getByText("There is no such job")).toBeVisible();
  await page.goto("/ui/tasks/view/?id=ledger.book");
  await page.getByLabel("account *").fill("5");
  await page.getByText("More settings").click();
  await page.getByLabel("Not before, in seconds from now").fill("3600");
  await page.getByRole("button", { name: "Enqueue" }).click();
  await page.getByRole("link", { name: "Open the job" }).click();
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  await expect(page.getByText("cancelled", { exact: true }).first()).toBeVisible();
  await expect(page.getByRole("button", { name: "Edit" })).toHaveCount(0);
});

test("a session that ends keeps the place and what was typed", async ({ page }) => {
  await open(page, "operator", "/tasks/view/?id=ledger.book");
  await page.getByLabel("note").fill("half a thought");
  await page.getByLabel("account *").fill("3");
  const ended = await page.request.post("/api/v1/auth/logout", {
    headers: { "Content-Type": "application/json" },
    data: "{}",
  });
  expect(ended.status()).toBe(204);
  // Whatever asks next finds out: the page itself, or this click.
  await page
    .getByRole("button", { name: "Enqueue" })
    .click({ timeout: 3000 })
    .catch(() => undefined);
  await expect(page.getByText("Your session ended")).toBeVisible();
  await signIn(page, "operator");
  await expect(page).toHaveURL(/tasks\/view\/\?id=ledger\.book/);
  await expect(page.getByLabel("note")).toHaveValue("half a thought");
});
