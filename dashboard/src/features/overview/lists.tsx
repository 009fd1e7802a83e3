"use client";

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Schemas } from "@/api/client";
import type { QueueFigures, Stuck } from "@/api/stats";
import { schedulesQuery } from "@/api/queries";
import { groupHref } from "@/features/dead/groups";
import { count, duration } from "@/lib/words";
import { Foreign } from "@/ui/foreign";
import { TextLink } from "@/ui/link";
import { Empty } from "@/ui/states";
import { type Column, DataTable } from "@/ui/table";
import { When } from "@/ui/time";

const SHOWN = 8;

const QUEUES: readonly Column<QueueFigures>[] = [
  {
    id: "name",
    header: "Queue",
    className: "w-full",
    cell: ({ name }) => <TextLink href={`/queues/view/?name=${encodeURIComponent(name)}`}>{name}</TextLink>,
  },
  { id: "ready", header: "Ready", right: true, cell: ({ ready }) => count(ready.value, ready.capped) },
  { id: "running", header: "Running", right: true, cell: ({ running }) => count(running.value, running.capped) },
  {
    id: "scheduled",
    header: "Scheduled",
    from: "md",
    right: true,
    cell: ({ scheduled }) => count(scheduled.value, scheduled.capped),
  },
  { id: "dead", header: "Dead", from: "sm", right: true, cell: ({ dead }) => count(dead) },
  {
    id: "oldest",
    header: "Oldest",
    right: true,
    className: "whitespace-nowrap",
    cell: ({ oldest_ready_s: age }) => (age === null ? "–" : duration(age)),
  },
];

/** Queues by what they hold and how long it has been due. */
export function QueueTable({ queues }: { queues: readonly QueueFigures[] }): ReactNode {
  if (queues.length === 0) return <Empty title="No queue holds anything" />;
  return <DataTable label="Queues" columns={QUEUES} rows={queues} rowId={({ name }) => name} />;
}

/** What killed most jobs. */
export function TopErrors({ groups }: { groups: readonly Schemas["GroupOut"][] }): ReactNode {
  if (groups.length === 0) return <Empty title="No dead letters" />;
  return (
    <ul className="divide-y divide-line">
      {groups.slice(0, SHOWN).map((group) => (
        <li key={group.fingerprint} className="flex items-start justify-between gap-3 px-4 py-2 text-sm">
          <TextLink href={groupHref(group.fingerprint)} className="line-clamp-2">
            <Foreign className="font-bold" text={group.error_type} /> <Foreign text={group.message} />
          </TextLink>
          <span className="text-right whitespace-nowrap">
            {count(group.jobs)}
            <span className="block text-xs text-faint">
              <When at={group.last_seen} />
            </span>
          </span>
        </li>
      ))}
    </ul>
  );
}

/** Jobs that run and should not any more. */
export function StuckJobs({ stuck }: { stuck: readonly Stuck[] }): ReactNode {
  if (stuck.length === 0) return <Empty title="No job is stuck" />;
  return (
    <ul className="divide-y divide-line">
      {stuck.slice(0, SHOWN).map((job) => (
        <li key={job.job_id} className="flex justify-between gap-3 px-4 py-2 text-sm">
          <TextLink href={`/jobs/view/?id=${job.job_id}`}>{job.task}</TextLink>
          <span className="text-bad">{duration(job.overdue_s)} overdue</span>
        </li>
      ))}
    </ul>
  );
}

/** What schedules bring next. */
export function NextSchedules(): ReactNode {
  const { data } = useQuery(schedulesQuery);
  const next = (data?.items ?? [])
    .filter((each) => each.next_at !== null && each.paused === null)
    .sort((one, other) => Date.parse(one.next_at ?? "") - Date.parse(other.next_at ?? ""))
    .slice(0, SHOWN);
  if (next.length === 0) return <Empty title="No schedule is set" />;
  return (
    <ul className="divide-y divide-line">
      {next.map((schedule) => (
        <li key={schedule.id} className="flex justify-between gap-3 px-4 py-2 text-sm">
          <span className="anywhere min-w-0">
            <TextLink href={`/schedules/view/?name=${encodeURIComponent(schedule.name)}`}>{schedule.name}</TextLink>{" "}
            <span className="text-xs text-muted">{schedule.words}</span>
          </span>
          <When at={schedule.next_at} />
        </li>
      ))}
    </ul>
  );
}
