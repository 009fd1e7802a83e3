"use client";

import type { ReactNode } from "react";
import type { Job } from "@/api/queries";
import { quoted } from "@/features/jobs/filter";
import { duration } from "@/lib/words";
import { Chip } from "@/ui/badge";
import { TextLink } from "@/ui/link";
import { Facts } from "@/ui/page";
import { Took, When } from "@/ui/time";

/** What there is to know about a job beside what happened to it. */
export function JobFacts({ job }: { job: Job }): ReactNode {
  const facts: (readonly [string, ReactNode])[] = [
    [
      "Queue",
      <TextLink key="q" href={`/queues/view/?name=${encodeURIComponent(job.queue)}`}>
        {job.queue}
      </TextLink>,
    ],
    [
      "Task",
      <TextLink key="t" href={`/tasks/view/?id=${encodeURIComponent(job.task)}`}>
        {job.task}
      </TextLink>,
    ],
    ["Priority", job.priority],
    ["Created", <When key="c" at={job.created_at} />],
    ["Due", <When key="d" at={job.run_at} />],
    ["Started", <When key="s" at={job.started_at} />],
    ["Finished", <When key="f" at={job.finished_at} />],
    ["Run time", <Took key="r" from={job.started_at} to={job.finished_at} />],
    ["Time limit", duration(job.timeout_s)],
  ];
  if (job.expires_at) facts.push(["Expires", <When key="e" at={job.expires_at} />]);
  if (job.cancel_reason) facts.push(["Cancelled because", job.cancel_reason]);
  if (job.tags.length > 0)
    facts.push([
      "Tags",
      <span key="g" className="flex flex-wrap gap-1">
        {job.tags.map((tag) => (
          <Chip key={tag}>{tag}</Chip>
        ))}
      </span>,
    ]);
  if (job.unique_key) facts.push(["Unique key", <bdi key="u">{job.unique_key}</bdi>]);
  if (job.concurrency_key) {
    const q = `concurrency_key:${quoted(job.concurrency_key)}`;
    facts.push([
      "Concurrency key",
      <TextLink key="k" href={`/jobs/?q=${encodeURIComponent(q)}`}>
        {job.concurrency_key}
      </TextLink>,
    ]);
  }
  if (job.parent_id)
    facts.push([
      "Parent",
      <TextLink key="p" href={`/jobs/view/?id=${job.parent_id}`}>
        {job.parent_id}
      </TextLink>,
    ]);
  if (job.worker_id) facts.push(["Worker", job.worker_id]);
  if (job.lease_expires_at) facts.push(["Lease until", <When key="l" at={job.lease_expires_at} />]);
  if (job.user_id) facts.push(["Asked for by", job.user_id]);
  return <Facts facts={facts} />;
}
