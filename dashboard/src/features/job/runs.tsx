"use client";

import { useQuery } from "@tanstack/react-query";
import { clsx } from "clsx";
import Link from "next/link";
import type { ReactNode } from "react";
import { type Job, type JobRow, jobsQuery } from "@/api/queries";
import { quoted } from "@/features/jobs/filter";
import { between, duration, short } from "@/lib/words";
import { TextLink } from "@/ui/link";

const FILLS: Record<JobRow["status"], string> = {
  succeeded: "bg-good",
  dead: "bg-bad",
  running: "bg-accent",
  queued: "bg-line-strong",
  cancelled: "bg-line-strong",
};
const SHOWN = 40;

/** The last runs of the same task as a strip: how they ended, and how long they took. */
export function Runs({ job }: { job: Job }): ReactNode {
  const q = `task:${quoted(job.task)} created:<=${job.created_at}`;
  const { data } = useQuery(jobsQuery({ q, sort: "-created_at", limit: SHOWN, cursor: null }, "runs"));
  const runs = [...(data?.items ?? [])].reverse();
  const took = (run: JobRow): number =>
    run.started_at && run.finished_at ? between(run.started_at, run.finished_at) : 0;
  const longest = Math.max(1e-9, ...runs.map(took));
  return (
    <div className="grid gap-2">
      <ol aria-label="Previous runs" className="flex h-14 items-end gap-0.5">
        {runs.map((run) => {
          const words = `${run.status}${took(run) ? `, ${duration(took(run))}` : ""}, ${short(run.created_at, "local")}`;
          return (
            <li key={run.id} className="flex h-full max-w-3 min-w-0 flex-1 items-end">
              <Link
                href={`/jobs/view/?id=${run.id}`}
                prefetch={false}
                title={words}
                aria-label={words}
                aria-current={run.id === job.id ? "true" : undefined}
                className="flex h-full w-full items-end"
              >
                <Bar
                  share={took(run) / longest}
                  look={clsx(FILLS[run.status], run.id === job.id && "outline-2 outline-offset-1 outline-text")}
                />
              </Link>
            </li>
          );
        })}
      </ol>
      <p className="flex justify-between text-xs text-faint">
        <span>run time, up to {duration(longest)}</span>
        <TextLink href={`/jobs/?q=${encodeURIComponent(`task:${quoted(job.task)}`)}`}>all of this task</TextLink>
      </p>
    </div>
  );
}

const STEPS = ["h-1.5", "h-2", "h-3", "h-4", "h-5", "h-6", "h-8", "h-10", "h-12", "h-14"];

function Bar({ share, look }: { share: number; look: string }): ReactNode {
  return (
    <span
      className={clsx("w-full rounded-sm", STEPS[Math.min(STEPS.length - 1, Math.floor(share * STEPS.length))], look)}
    />
  );
}
