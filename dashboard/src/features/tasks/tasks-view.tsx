"use client";

import { useQuery } from "@tanstack/react-query";
import { Workflow } from "lucide-react";
import type { ReactNode } from "react";
import type { Schemas } from "@/api/client";
import { tasksQuery } from "@/api/queries";
import { duration } from "@/lib/words";
import { LinkButton } from "@/ui/button";
import { TextLink } from "@/ui/link";
import { Page } from "@/ui/page";
import { Empty, Shown } from "@/ui/states";
import { type Column, DataTable } from "@/ui/table";

export type Task = Schemas["TaskOut"];

export function taskHref(id: string): string {
  return `/tasks/view/?id=${encodeURIComponent(id)}`;
}

const COLUMNS: readonly Column<Task>[] = [
  {
    id: "task",
    header: "Task",
    className: "w-1/2",
    cell: ({ id, doc }) => (
      <div className="grid gap-0.5">
        <TextLink href={taskHref(id)} className="font-medium">
          {id}
        </TextLink>
        <bdi className="anywhere line-clamp-2 text-xs text-muted">{doc.split("\n")[0]}</bdi>
      </div>
    ),
  },
  { id: "queue", header: "Queue", from: "sm", cell: ({ queue }) => <span className="anywhere">{queue}</span> },
  { id: "retries", header: "Retries", from: "md", right: true, cell: ({ max_retries: most }) => most ?? "usual" },
  {
    id: "limit",
    header: "Time limit",
    from: "md",
    right: true,
    cell: ({ timeout_s: limit }) => (limit === null ? "usual" : duration(limit)),
  },
  {
    id: "do",
    header: <span className="sr-only">Actions</span>,
    className: "w-px",
    cell: ({ id }) => (
      <LinkButton small href={`${taskHref(id)}#enqueue`}>
        Enqueue
      </LinkButton>
    ),
  },
];

/** Every task that a worker ever declared. */
export function TasksView(): ReactNode {
  const query = useQuery(tasksQuery);
  return (
    <Page title="Tasks" lead="What workers have declared that they can do.">
      <div className="card min-w-0 overflow-clip">
        <Shown query={query}>
          {(data) =>
            data.items.length === 0 ? (
              <Empty icon={Workflow} title="No worker has declared a task yet">
                Start one with <code>equeue worker your.module</code>: it tells its tasks by itself.
              </Empty>
            ) : (
              <DataTable label="Tasks" columns={COLUMNS} rows={data.items} rowId={({ id }) => id} />
            )
          }
        </Shown>
      </div>
    </Page>
  );
}
