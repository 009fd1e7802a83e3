"use client";

import { useQuery } from "@tanstack/react-query";
import { HeartPulse, Zap } from "lucide-react";
import { parseAsString, useQueryStates } from "nuqs";
import { type ReactNode, useMemo, useState } from "react";
import { groupsQuery } from "@/api/queries";
import type { Action } from "@/features/bulk/api";
import { BulkDialog } from "@/features/bulk/bulk-dialog";
import { useMay } from "@/lib/access";
import { count } from "@/lib/words";
import { Badge, Chip } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Foreign } from "@/ui/foreign";
import { TextLink } from "@/ui/link";
import { NameFilter } from "@/ui/name-filter";
import { Page } from "@/ui/page";
import { Pager } from "@/ui/pager";
import { Empty, Shown } from "@/ui/states";
import { type Column, DataTable } from "@/ui/table";
import { When } from "@/ui/time";
import { type Group, groupHref } from "./groups";

type Wish = { action: Action; fingerprint: string } | null;

const STATE = { queue: parseAsString.withDefault(""), task: parseAsString.withDefault(""), cursor: parseAsString };

/** Dead jobs by what killed them; a group is retried or deleted as one. */
export function DeadView(): ReactNode {
  const [state, set] = useQueryStates(STATE, { history: "push" });
  const query = useQuery(groupsQuery(state));
  const [wish, setWish] = useState<Wish>(null);
  const operates = useMay("jobs:admin");
  const removes = useMay("admin");
  const columns = useMemo(() => groupColumns(operates, removes, setWish), [operates, removes]);
  return (
    <Page title="Dead letters" lead="Jobs that used up their retries, or gave up, grouped by error.">
      <div className="flex flex-wrap gap-2">
        <NameFilter label="Queue" value={state.queue} onChange={(queue) => void set({ queue, cursor: null })} />
        <NameFilter label="Task" value={state.task} onChange={(task) => void set({ task, cursor: null })} />
      </div>
      <div className="card min-w-0 overflow-clip">
        <Shown query={query}>
          {(data) =>
            data.items.length === 0 ? (
              <Empty icon={HeartPulse} title="No dead letters">
                {state.queue || state.task
                  ? "None that this filter means."
                  : "Every job that ended did so well, or was cancelled."}
              </Empty>
            ) : (
              <DataTable
                label="Groups of dead jobs"
                columns={columns}
                rows={data.items}
                rowId={({ fingerprint }) => fingerprint}
              />
            )
          }
        </Shown>
      </div>
      <Pager
        previous={query.data?.prev_cursor}
        next={query.data?.next_cursor}
        onTurn={(cursor) => void set({ cursor })}
      />
      {wish ? (
        <BulkDialog
          action={wish.action}
          filter={{ status: ["dead"], fingerprint: [wish.fingerprint] }}
          onClose={() => setWish(null)}
        />
      ) : null}
    </Page>
  );
}

function groupColumns(operates: boolean, removes: boolean, wish: (wish: Wish) => void): readonly Column<Group>[] {
  const columns: Column<Group>[] = [
    { id: "jobs", header: "Jobs", right: true, className: "font-medium", cell: ({ jobs }) => count(jobs) },
    {
      id: "error",
      header: "Error",
      className: "w-full",
      cell: (group) => (
        <div className="grid gap-1">
          <TextLink href={groupHref(group.fingerprint)} className="line-clamp-3 whitespace-pre-wrap">
            <Foreign className="font-bold" text={group.error_type} /> <Foreign text={group.message} />
          </TextLink>
          <span className="flex flex-wrap gap-1">
            {group.crashes ? (
              <Badge tone="bad" icon={Zap}>
                crashed its worker
              </Badge>
            ) : null}
            {group.tasks.map((task) => (
              <Chip key={task}>{task}</Chip>
            ))}
          </span>
        </div>
      ),
    },
    {
      id: "queues",
      header: "Queues",
      from: "lg",
      cell: ({ queues }) => <span className="anywhere">{queues.join(", ")}</span>,
    },
    { id: "first", header: "First", from: "lg", right: true, cell: ({ first_seen }) => <When at={first_seen} /> },
    { id: "last", header: "Last", from: "sm", right: true, cell: ({ last_seen }) => <When at={last_seen} /> },
    {
      id: "example",
      header: "Example",
      from: "md",
      cell: ({ example_job_id: id }) => <TextLink href={`/jobs/view/?id=${id}`}>open</TextLink>,
    },
  ];
  if (operates) {
    columns.push({
      id: "do",
      header: <span className="sr-only">Actions</span>,
      cell: ({ fingerprint }) => (
        <span className="flex flex-col gap-1 sm:flex-row">
          <Button small onClick={() => wish({ action: "retry", fingerprint })}>
            Retry
          </Button>
          {removes ? (
            <Button small tone="danger" onClick={() => wish({ action: "delete", fingerprint })}>
              Delete
            </Button>
          ) : null}
        </span>
      ),
    });
  }
  return columns;
}
