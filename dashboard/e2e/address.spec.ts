import { expect, open, test } from "./people";

test("back, forward and reload bring the parts and filters of other pages too", async ({ page }) => {
  await open(page, "admin", "/admin/");
  await page.getByRole("button", { name: "Audit log" }).click();
  const kind = page.getByLabel("Kind");
  await kind.fill("schedule");
  await kind.press("Enter");
  await expect(page).toHaveURL(/tab=audit.*target_kind=schedule/);
  await expect(kind).toBeFocused();
  await page.goBack();
  await expect(page).toHaveURL(/tab=audit$/);
  await expect(kind).toHaveValue("");
  await page.goForward();
  await expect(kind).toHaveValue("schedule");
  await page.reload();
  await expect(kind).toHaveValue("schedule");
  await expect(page.getByRole("table", { name: "Audit log" })).toContainText("schedule.create");
  await expect(page.getByRole("table", { name: "Audit log" })).not.toContainText("user.create");
});

test("the way from a list to one thing and back keeps the list as it was", async ({ page }) => {
  await open(page, "viewer", "/dead-letters/?task=mail.send");
  const row = page.getByRole("table", { name: "Groups of dead jobs" }).getByRole("row").nth(1);
  await row.getByRole("link").first().click();
  await expect(page.getByRole("combobox", { name: "Filter" })).toHaveValue(/^status:dead fingerprint:/);
  await page.getByRole("table", { name: "Jobs" }).getByRole("link", { name: "mail.send" }).first().click();
  await expect(page.getByRole("list", { name: "Attempts" })).toBeVisible();
  const job = page.url();
  await page.goBack();
  await expect(page.getByRole("combobox", { name: "Filter" })).toHaveValue(/^status:dead fingerprint:/);
  await page.goBack();
  await expect(page.getByLabel("Task")).toHaveValue("mail.send");
  await page.goto(job);
  await expect(page.getByRole("heading", { level: 1, name: "mail.send" })).toBeVisible();
});
