/** What happened to a job, as stretches of time. */
import type { Job } from "@/api/queries";
import type { Schemas } from "@/api/client";
import { instant } from "@/lib/words";

export type Attempt = Schemas["AttemptOut"];

export interface Stretch {
  kind: "waited" | "ran" | "runs" | "waits";
  from: number;
  to: number;
  name: string;
  good?: boolean;
}

/** Return the stretches from birth to the end, or to `now`; attempts in between are known when they ended. */
export function stretches(job: Job, attempts: readonly Attempt[], now: number): Stretch[] {
  const found: Stretch[] = [];
  let at = instant(job.created_at);
  for (const attempt of [...attempts].sort(
    (one, other) => one.attempt - other.attempt || instant(one.finished_at) - instant(other.finished_at),
  )) {
    const to = instant(attempt.finished_at);
    const from = attempt.started_at === null ? to : instant(attempt.started_at);
    if (from > at) found.push({ kind: "waited", from: at, to: from, name: "waited" });
    found.push({
      kind: "ran",
      from,
      to,
      name: `attempt ${attempt.attempt}: ${attempt.outcome.replace("_", " ")}`,
      good: attempt.outcome === "succeeded",
    });
    at = Math.max(at, to);
  }
  const end = Math.max(at, now);
  if (job.status === "running") {
    const from = job.started_at === null ? end : Math.max(at, instant(job.started_at));
    if (from > at) found.push({ kind: "waited", from: at, to: from, name: "waited" });
    found.push({ kind: "runs", from, to: Math.max(from, end), name: `attempt ${job.attempt} is running` });
  } else if (job.status === "queued") {
    found.push({ kind: "waits", from: at, to: Math.max(end, instant(job.run_at)), name: "waits" });
  }
  return found;
}
