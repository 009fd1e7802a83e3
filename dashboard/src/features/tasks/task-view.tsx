"use client";

import { useQuery } from "@tanstack/react-query";
import { parseAsString, useQueryState } from "nuqs";
import type { ReactNode } from "react";
import { jobCountQuery, taskQuery } from "@/api/queries";
import { taskSeriesQuery } from "@/api/stats";
import { policyText } from "@/features/job/policy";
import { quoted } from "@/features/jobs/filter";
import { Charts } from "@/features/overview/charts";
import { useMay } from "@/lib/access";
import { count } from "@/lib/words";
import { JsonView } from "@/ui/json-view";
import { TextLink } from "@/ui/link";
import { Facts, Page, Section } from "@/ui/page";
import { Shown } from "@/ui/states";
import { type Status, StatusIcon, STATUSES } from "@/ui/status";
import { EnqueueForm } from "./enqueue-form";
import type { Task } from "./tasks-view";
import { Unserved } from "./unserved";

const USUAL = { timeout_s: 300, max_retries: 3 };

/** One task: what it is for, what it takes, how it has been doing, and a form to enqueue a job of it. */
export function TaskView(): ReactNode {
  const [id] = useQueryState("id", parseAsString.withDefault(""));
  const query = useQuery(taskQuery(id));
  return (
    <Page
      title={id || "Task"}
      lead={query.data ? <bdi className="anywhere whitespace-pre-wrap">{query.data.doc}</bdi> : null}
    >
      <Shown query={query}>{(task) => <Known task={task} />}</Shown>
    </Page>
  );
}

function Known({ task }: { task: Task }): ReactNode {
  const series = useQuery(taskSeriesQuery(task.id));
  const writes = useMay("jobs:write");
  return (
    <>
      <Unserved task={task.id} />
      {series.data ? <Charts points={series.data.items} /> : null}
      <div className="grid items-start gap-4 lg:grid-cols-2">
        {writes ? (
          <Section title="Enqueue a job">
            <EnqueueForm key={task.id} task={task} />
          </Section>
        ) : null}
        <div className="grid min-w-0 gap-4">
          <Section title="Settings">
            <Facts
              facts={[
                [
                  "Queue",
                  <TextLink key="q" href={`/queues/view/?name=${encodeURIComponent(task.queue)}`}>
                    {task.queue}
                  </TextLink>,
                ],
                [
                  "Retries",
                  policyText({
                    backoff: task.backoff,
                    retry_count: 0,
                    max_retries: task.max_retries ?? USUAL.max_retries,
                    timeout_s: task.timeout_s ?? USUAL.timeout_s,
                  }),
                ],
                ...(task.on_dead
                  ? ([
                      [
                        "When a job dies",
                        <TextLink key="d" href={`/tasks/view/?id=${encodeURIComponent(task.on_dead)}`}>
                          {task.on_dead}
                        </TextLink>,
                      ],
                    ] as const)
                  : []),
              ]}
            />
          </Section>
          <Section title="Its jobs">
            <Counts task={task.id} />
          </Section>
          <Section title="Payload schema">
            <JsonView value={task.payload_schema} label="Schema" />
          </Section>
        </div>
      </div>
    </>
  );
}

function Counts({ task }: { task: string }): ReactNode {
  const q = `task:${quoted(task)}`;
  const query = useQuery(jobCountQuery(q));
  return (
    <Shown query={query} rows={2}>
      {({ by_status }) => (
        <ul className="flex flex-wrap gap-x-5 gap-y-1 text-sm">
          {STATUSES.map((status) => {
            const figure = (by_status as Record<Status, { value: number; capped: boolean } | undefined>)[status];
            return (
              <li key={status}>
                <TextLink
                  href={`/jobs/?q=${encodeURIComponent(`status:${status} ${q}`)}`}
                  className="inline-flex items-center gap-1"
                >
                  <StatusIcon status={status} /> {count(figure?.value ?? 0, figure?.capped)} {status}
                </TextLink>
              </li>
            );
          })}
        </ul>
      )}
    </Shown>
  );
}
