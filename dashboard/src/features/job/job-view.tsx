"use client";

import { useQuery } from "@tanstack/react-query";
import { parseAsString, useQueryState } from "nuqs";
import type { ReactNode } from "react";
import { attemptsQuery, type Job, jobQuery } from "@/api/queries";
import { Copy } from "@/ui/copy";
import { JsonView } from "@/ui/json-view";
import { Page, Section } from "@/ui/page";
import { Empty, Shown } from "@/ui/states";
import { StatusBadge, StatusNote } from "@/ui/status";
import { JobActions } from "./actions";
import { Attempts, ErrorText } from "./attempts";
import { JobFacts } from "./facts";
import { Policy } from "./policy";
import { Progress } from "./progress";
import { Runs } from "./runs";
import { Timeline } from "./timeline";
import { useJobStream } from "./use-stream";
import { Why } from "./why";

/** The page of one job. */
export function JobView(): ReactNode {
  const [id] = useQueryState("id", parseAsString.withDefault(""));
  const query = useQuery(jobQuery(id));
  useJobStream(id, query.data === undefined || query.data.finished_at !== null);
  if (id === "")
    return (
      <Page title="Job">
        <Empty title="No job is named in the address" />
      </Page>
    );
  if (query.data === undefined)
    return (
      <Page title="Job">
        <Shown query={query}>{() => null}</Shown>
      </Page>
    );
  return <Known job={query.data} />;
}

function Known({ job }: { job: Job }): ReactNode {
  const attempts = useQuery(attemptsQuery(job.id));
  const over = job.finished_at !== null;
  const ended = attempts.data?.items ?? [];
  return (
    <Page
      title={job.task}
      lead={
        <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <StatusBadge status={job.status} />
          <StatusNote job={job} />
          <span className="inline-flex items-center gap-0.5">
            <code className="anywhere text-xs">{job.id}</code>
            <Copy text={job.id} label="Copy the id" />
          </span>
        </span>
      }
      actions={<JobActions job={job} />}
    >
      <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <div className="grid min-w-0 gap-4">
          {job.status === "queued" ? <Why job={job} /> : null}
          {job.status === "running" || (job.progress !== null && !over) ? (
            <Section title="Progress">
              <Progress value={job.progress} />
            </Section>
          ) : null}
          {job.error && over && job.status === "dead" && ended.length === 0 ? (
            <Section title="Why it died">
              <ErrorText error={job.error} open />
            </Section>
          ) : null}
          <Section title="Timeline">
            <Timeline job={job} attempts={ended} />
          </Section>
          <Section title="Attempts" flush>
            <Shown query={attempts} rows={2}>
              {(data) => <Attempts attempts={data.items} more={data.has_more} />}
            </Shown>
          </Section>
        </div>
        <div className="grid min-w-0 gap-4">
          <Section title="Payload">
            <JsonView value={job.payload} label="Payload" />
          </Section>
          {job.status === "succeeded" ? (
            <Section title="Result">
              <JsonView value={job.result} label="Result" />
            </Section>
          ) : null}
          <Section title="Facts">
            <JobFacts job={job} />
          </Section>
          <Section title="Retries">
            <Policy job={job} />
          </Section>
          <Section title="Runs of this task">
            <Runs job={job} />
          </Section>
        </div>
      </div>
    </Page>
  );
}
