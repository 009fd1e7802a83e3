"use client";

import type { ReactNode } from "react";
import { stringifyExact } from "@/api/json";
import type { JobRow } from "@/api/queries";
import { Chip } from "@/ui/badge";
import { TextLink } from "@/ui/link";
import { StatusBadge, StatusNote } from "@/ui/status";
import type { Column } from "@/ui/table";
import { Took, When } from "@/ui/time";
import { shown } from "@/lib/signs";
import { count } from "@/lib/words";

const CUT = 90;

export function jobHref(id: string): string {
  return `/jobs/view/?id=${id}`;
}

function brief(value: unknown): string {
  const text = shown((stringifyExact(value) ?? "").slice(0, 4 * CUT));
  return text.length > CUT ? `${text.slice(0, CUT)}…` : text;
}

function About({ job }: { job: JobRow }): ReactNode {
  if (job.status === "dead" && job.error) {
    return <span className="text-bad">{shown(`${job.error.type}: ${job.error.message.slice(0, CUT)}`)}</span>;
  }
  if (job.truncated.includes("payload")) return <span className="text-faint">a large payload</span>;
  return <code className="text-2xs text-muted">{brief(job.payload)}</code>;
}

/** Every column that the list of jobs can show. */
export const JOB_COLUMNS: readonly Column<JobRow>[] = [
  {
    id: "job",
    header: "Job",
    className: "w-full md:w-2/5",
    cell: (job) => (
      <div className="grid gap-0.5">
        <TextLink href={jobHref(job.id)} className="font-medium">
          {job.task}
        </TextLink>
        <span className="anywhere line-clamp-2 text-xs">
          <About job={job} />
        </span>
        <span className="flex flex-wrap gap-1 empty:hidden">
          {job.tags.map((tag) => (
            <Chip key={tag}>{tag}</Chip>
          ))}
        </span>
      </div>
    ),
  },
  {
    id: "status",
    header: "Status",
    cell: (job) => (
      <div className="grid justify-items-start gap-0.5">
        <StatusBadge status={job.status} />
        <StatusNote job={job} />
      </div>
    ),
  },
  { id: "queue", header: "Queue", from: "md", cell: (job) => <span className="anywhere">{job.queue}</span> },
  { id: "priority", header: "Priority", from: "xl", right: true, cell: (job) => job.priority },
  {
    id: "retries",
    header: "Retries",
    from: "lg",
    right: true,
    cell: (job) => `${count(job.retry_count)} of ${count(job.max_retries)}`,
  },
  { id: "created", header: "Created", from: "sm", right: true, cell: (job) => <When at={job.created_at} /> },
  {
    id: "took",
    header: "Run time",
    from: "lg",
    right: true,
    cell: (job) => <Took from={job.started_at} to={job.finished_at} />,
  },
  { id: "finished", header: "Finished", from: "xl", right: true, cell: (job) => <When at={job.finished_at} /> },
];

export const HIDEABLE: Readonly<Record<string, string>> = {
  queue: "Queue",
  priority: "Priority",
  retries: "Retries",
  created: "Created",
  took: "Run time",
  finished: "Finished",
};
