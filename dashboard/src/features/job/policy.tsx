"use client";

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { api } from "@/api/client";
import type { Job } from "@/api/queries";
import { duration, several } from "@/lib/words";

/** The retry policy as a sentence. */
export function policyText(job: Pick<Job, "backoff" | "max_retries" | "retry_count" | "timeout_s">): string {
  const { backoff, max_retries: most, retry_count: used } = job;
  const limit = `An attempt may take ${duration(job.timeout_s)}.`;
  if (most === 0) return `A failure is final. ${limit}`;
  const wait =
    backoff === null
      ? "the system's usual waits between them"
      : backoff.kind === "fixed"
        ? `${duration(backoff.base_s ?? 0)} between them`
        : `${duration(backoff.base_s ?? 0)} before the first, ${backoff.factor ?? 2} times as long before each next, ${duration(backoff.cap_s ?? 0)} at most`;
  return `It may be retried ${several(most, "time")}, ${wait}; ${used === 0 ? "none is used" : `${used} of them used`}. ${limit}`;
}

const SHOWN = 10;

/** The policy, and the waits that would come next, drawn to one scale. */
export function Policy({ job }: { job: Job }): ReactNode {
  const left = job.status === "queued" || job.status === "running" ? job.max_retries - job.retry_count : 0;
  const query = useQuery({
    queryKey: ["backoff", job.backoff, job.max_retries, job.retry_count],
    queryFn: ({ signal }) =>
      api.post("/api/v1/backoff/preview", {
        body: {
          max_retries: Math.min(job.max_retries, job.retry_count + SHOWN),
          retry_count: job.retry_count,
          ...(job.backoff ? { backoff: job.backoff } : {}),
        },
        signal,
      }),
    enabled: left > 0,
    staleTime: Number.POSITIVE_INFINITY,
    meta: { still: true },
  });
  const waits = query.data?.items ?? [];
  const longest = Math.max(1e-9, ...waits.map(({ max_s }) => max_s));
  return (
    <div className="grid gap-3">
      <p className="text-sm">{policyText(job)}</p>
      {waits.length > 0 ? (
        <table aria-label="The next waits" className="w-full text-xs">
          <tbody>
            {waits.map((wait) => (
              <tr key={wait.retry}>
                <th scope="row" className="w-20 py-0.5 text-left font-normal text-muted">
                  retry {wait.retry}
                </th>
                <td className="w-full py-0.5">
                  <svg viewBox="0 0 100 6" preserveAspectRatio="none" className="h-2 w-full" aria-hidden>
                    <rect width={Math.max(0.5, (wait.max_s / longest) * 100)} height="6" className="fill-accent/35" />
                    <rect width={Math.max(0.5, (wait.min_s / longest) * 100)} height="6" className="fill-accent" />
                  </svg>
                </td>
                <td className="py-0.5 pl-3 text-right whitespace-nowrap">
                  {wait.min_s === wait.max_s
                    ? duration(wait.max_s)
                    : `${duration(wait.min_s)} to ${duration(wait.max_s)}`}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : null}
      {left > SHOWN ? <p className="text-xs text-faint">and {left - SHOWN} more</p> : null}
    </div>
  );
}
