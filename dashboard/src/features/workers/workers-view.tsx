"use client";

import { useQuery } from "@tanstack/react-query";
import { Cpu } from "lucide-react";
import { type ReactNode, useMemo } from "react";
import { type JobRow, jobsQuery } from "@/api/queries";
import { useNow } from "@/lib/clock";
import { count, several } from "@/lib/words";
import { Badge } from "@/ui/badge";
import { TextLink } from "@/ui/link";
import { Page } from "@/ui/page";
import { Empty, Shown } from "@/ui/states";
import { type Column, DataTable } from "@/ui/table";
import { Took, When } from "@/ui/time";

const LOOKED_AT = 200;

interface Worker {
  id: string;
  jobs: JobRow[];
  oldest: string | null;
  lease: string | null;
}

function atWork(jobs: readonly JobRow[]): Worker[] {
  const found = new Map<string, Worker>();
  for (const job of jobs) {
    if (job.worker_id === null) continue;
    const worker = found.get(job.worker_id) ?? { id: job.worker_id, jobs: [], oldest: null, lease: null };
    worker.jobs.push(job);
    if (job.started_at && (worker.oldest === null || job.started_at < worker.oldest)) worker.oldest = job.started_at;
    if (job.lease_expires_at && (worker.lease === null || job.lease_expires_at > worker.lease))
      worker.lease = job.lease_expires_at;
    found.set(job.worker_id, worker);
  }
  return [...found.values()].sort((one, other) => other.jobs.length - one.jobs.length);
}

function Pulse({ lease }: { lease: string | null }): ReactNode {
  const now = useNow();
  const live = lease !== null && Date.parse(lease) > now;
  return <Badge tone={live ? "good" : "bad"}>{live ? "live" : "silent"}</Badge>;
}

const SHOWN = 5;

const COLUMNS: readonly Column<Worker>[] = [
  {
    id: "worker",
    header: "Worker",
    className: "w-2/5",
    cell: ({ id }) => <TextLink href={`/jobs/?q=${encodeURIComponent(`status:running worker:${id}`)}`}>{id}</TextLink>,
  },
  { id: "state", header: "State", cell: ({ lease }) => <Pulse lease={lease} /> },
  { id: "running", header: "Running", right: true, cell: ({ jobs }) => count(jobs.length) },
  {
    id: "jobs",
    header: "Jobs",
    from: "md",
    cell: ({ jobs }) => (
      <ul className="grid gap-0.5">
        {jobs.slice(0, SHOWN).map((job) => (
          <li key={job.id} className="flex justify-between gap-3">
            <TextLink href={`/jobs/view/?id=${job.id}`}>{job.task}</TextLink>
            <Took from={job.started_at} to={null} />
          </li>
        ))}
        {jobs.length > SHOWN ? <li className="text-xs text-faint">and {jobs.length - SHOWN} more</li> : null}
      </ul>
    ),
  },
  { id: "oldest", header: "Longest since", from: "sm", right: true, cell: ({ oldest }) => <When at={oldest} /> },
];

/** Who is at work, and on what. */
export function WorkersView(): ReactNode {
  const query = useQuery(
    jobsQuery({ q: "status:running", sort: "created_at", limit: LOOKED_AT, cursor: null }, "workers"),
  );
  const workers = useMemo(() => atWork(query.data?.items ?? []), [query.data]);
  const capped = query.data?.has_more ?? false;
  return (
    <Page
      title="Workers"
      lead={capped ? `Of the ${several(LOOKED_AT, "job")} that have run longest.` : "Who is at work now, and on what."}
    >
      <div className="card min-w-0 overflow-clip">
        <Shown query={query}>
          {() =>
            workers.length === 0 ? (
              <Empty icon={Cpu} title="No worker is at work">
                An idle worker shows up with its first job. Start one with <code>equeue worker your.module</code>.
              </Empty>
            ) : (
              <DataTable label="Workers" columns={COLUMNS} rows={workers} rowId={({ id }) => id} />
            )
          }
        </Shown>
      </div>
    </Page>
  );
}
