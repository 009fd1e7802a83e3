/** Who uses the dashboard in these tests, and how jobs come there. */
import { type APIRequestContext, expect, type Locator, type Page, test as bare } from "@playwright/test";

/** A word of letters that no other test uses: digits would be masked where errors are grouped. */
export function freshWord(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(10)), (byte) => LETTERS[byte % LETTERS.length]).join("");
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const AT_ONCE = 1000;

export type Role = "admin" | "operator" | "viewer" | "member";
export const PASSWORD = "correct-horse-battery";

/** Fill in the form of the login, wherever it lies over a page. */
export async function signIn(page: Page, role: Role): Promise<void> {
  await page.getByLabel("E-mail").fill(`${role}@example.org`);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("button", { name: "Account", exact: true })).toBeVisible();
}

/** Open a page of the dashboard as somebody. */
export async function open(page: Page, role: Role, path = "/"): Promise<void> {
  await page.goto(`/ui${path}`);
  await signIn(page, role);
}

/** Where the page of a bulk operation tells its state; a list that is left behind tells others. */
export function howFar(page: Page): Locator {
  return page.getByRole("region", { name: "How far it is" });
}

export interface Machine {
  /** Enqueue a job as a machine does, and return its id. */
  enqueue: (job: object) => Promise<string>;
  /** Call the API with an admin's key. */
  call: (method: string, path: string, body?: object) => Promise<unknown>;
  /** Enqueue jobs that wait for an hour, and return the tag that they share. */
  queued: (count: number) => Promise<string>;
  /** Return the job once it is in a status. */
  until: (id: string, status: string) => Promise<Record<string, unknown>>;
}

function machine(request: APIRequestContext): Machine {
  const call: Machine["call"] = async (method, path, body) => {
    const answer = await request.fetch(`/api/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${process.env["EQUEUE_API_KEY"] ?? ""}`, "Content-Type": "application/json" },
      ...(body ? { data: JSON.stringify(body) } : {}),
    });
    expect(answer.ok(), `${method} ${path}: ${await answer.text()}`).toBe(true);
    return answer.status() === 204 ? null : answer.json();
  };
  return {
    call,
    enqueue: async (job) => ((await call("POST", "/jobs", job)) as { job: { id: string } }).job.id,
    queued: async (count) => {
      const tag = freshWord();
      for (let begun = 0; begun < count; begun += AT_ONCE) {
        const jobs = Array.from({ length: Math.min(AT_ONCE, count - begun) }, (_, account) => ({
          task: "ledger.book",
          payload: { account },
          tags: [tag],
          delay_s: 3600,
        }));
        await call("POST", "/jobs/bulk", { jobs });
      }
      return tag;
    },
    until: async (id, status) => {
      let job: Record<string, unknown> = {};
      await expect
        .poll(async () => (job = (await call("GET", `/jobs/${id}`)) as Record<string, unknown>)["status"], {
          timeout: 30_000,
        })
        .toBe(status);
      return job;
    },
  };
}

/** Each test has a machine, and fails if the page broke its policy, threw, or asked another origin. */
export const test = bare.extend<{ machine: Machine; watched: void }>({
  machine: async ({ request }, use) => use(machine(request)),
  watched: [
    async ({ page, baseURL }, use) => {
      const troubles: string[] = [];
      page.on("pageerror", (error) => troubles.push(`thrown: ${error.message}`));
      page.on("console", (message) => {
        if (/Content Security Policy|hydrat/i.test(message.text())) troubles.push(message.text());
      });
      page.on("request", (asked) => {
        const foreign = !asked.url().startsWith(baseURL ?? "") && !/^(data|blob):/.test(asked.url());
        if (foreign) troubles.push(`asked elsewhere: ${asked.url()}`);
      });
      page.on("dialog", (dialog) => {
        troubles.push(`dialog: ${dialog.message()}`);
        void dialog.dismiss();
      });
      await use();
      expect(troubles).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect } from "@playwright/test";
