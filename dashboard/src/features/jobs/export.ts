/** Saves every job that a filter means as a file. */
import { address, send } from "@/api/client";
import { told } from "@/api/problem";
import type { JobsAsked } from "@/api/queries";
import { raise } from "@/api/session";
import { say } from "@/lib/toasts";

export async function exportJobs({ q, sort }: JobsAsked, format: "ndjson" | "csv"): Promise<void> {
  try {
    const response = await send("get", address("/api/v1/jobs/export", {}, { q, sort, format }), {
      headers: { Accept: "*/*" },
    });
    if (!response.ok) raise(await response.text(), response.status);
    save(await response.blob(), `jobs.${format}`);
  } catch (error) {
    say(`The export failed: ${told(error)}`, "bad");
  }
}

function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
