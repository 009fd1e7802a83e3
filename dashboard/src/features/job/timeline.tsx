"use client";

import { clsx } from "clsx";
import type { ReactNode } from "react";
import type { Job } from "@/api/queries";
import { useNow } from "@/lib/clock";
import { duration, instant } from "@/lib/words";
import { Instant } from "@/ui/time";
import { type Attempt, type Stretch, stretches } from "./stretches";

const FILL: Record<Stretch["kind"], string> = {
  waited: "fill-line-strong/50",
  waits: "fill-line-strong/50",
  ran: "fill-bad",
  runs: "fill-accent",
};
const SWATCH: Record<Stretch["kind"], string> = {
  waited: "bg-line-strong/50",
  waits: "bg-line-strong/50",
  ran: "bg-bad",
  runs: "bg-accent",
};
const WIDTH = 1000;
const SHOWN = 8;
const LEAST_MS = 0.001;

/** When the job waited and when it ran, to scale, and the same in words. */
export function Timeline({ job, attempts }: { job: Job; attempts: readonly Attempt[] }): ReactNode {
  const now = useNow();
  const all = stretches(job, attempts, job.finished_at === null ? now : instant(job.finished_at));
  const from = instant(job.created_at);
  const to = Math.max(from + LEAST_MS, ...all.map((each) => each.to));
  const x = (at: number): number => ((at - from) / (to - from)) * WIDTH;
  const told = all.slice(-SHOWN);
  return (
    <div className="grid gap-2">
      <svg viewBox={`0 0 ${WIDTH} 14`} preserveAspectRatio="none" className="h-4 w-full" aria-hidden>
        <rect x="0" y="6" width={WIDTH} height="2" className="fill-line" />
        {all.map((each, index) => {
          const works = each.kind === "ran" || each.kind === "runs";
          return (
            <rect
              key={index}
              x={Math.min(x(each.from), WIDTH - (works ? 4 : 1))}
              width={Math.max(works ? 4 : 1, x(each.to) - x(each.from))}
              y={works ? 1 : 5}
              height={works ? 12 : 4}
              rx="1"
              className={each.good ? "fill-good" : FILL[each.kind]}
            />
          );
        })}
      </svg>
      <div className="flex justify-between text-xs text-faint">
        <Instant at={job.created_at} />
        <span>{duration((to - from) / 1000)}</span>
        {job.finished_at ? <Instant at={job.finished_at} /> : <span>{job.status === "queued" ? "due" : "now"}</span>}
      </div>
      <ol className="flex flex-wrap gap-x-4 gap-y-1 text-xs" aria-label="What happened">
        {all.length > SHOWN ? <li className="text-faint">{all.length - SHOWN} earlier</li> : null}
        {told.map((each, index) => (
          <li key={index} className="inline-flex items-center gap-1.5">
            <span aria-hidden className={clsx("size-2 rounded-sm", each.good ? "bg-good" : SWATCH[each.kind])} />
            {each.name} {duration((each.to - each.from) / 1000)}
          </li>
        ))}
      </ol>
    </div>
  );
}
