"use client";

import { useQuery } from "@tanstack/react-query";
import { CirclePause, CirclePlay, Layers } from "lucide-react";
import { type ReactNode, useMemo, useState } from "react";
import { overviewQuery, type QueueFigures } from "@/api/stats";
import { queuesQuery } from "@/api/queries";
import { useMay } from "@/lib/access";
import { count, duration } from "@/lib/words";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { TextLink } from "@/ui/link";
import { Page } from "@/ui/page";
import { Empty, Shown } from "@/ui/states";
import { type Column, DataTable } from "@/ui/table";
import { PauseDialog } from "./pause-dialog";
import { limitsText, type Queue } from "./words";

type Row = Queue & { figures: QueueFigures | undefined };

export function queueHref(name: string): string {
  return `/queues/view/?name=${encodeURIComponent(name)}`;
}

/** Every queue: what it holds, how old that is, whether it pauses, how it is limited. */
export function QueuesView(): ReactNode {
  const query = useQuery(queuesQuery);
  const overview = useQuery(overviewQuery);
  const [pausing, setPausing] = useState<Queue | null>(null);
  const may = useMay("queues:admin");
  const rows = useMemo<Row[]>(() => {
    const figures = new Map(overview.data?.queues.map((each) => [each.name, each]));
    return (query.data?.items ?? []).map((queue) => ({ ...queue, figures: figures.get(queue.name) }));
  }, [query.data, overview.data]);
  const columns = useMemo(() => queueColumns(may, setPausing), [may]);
  return (
    <Page title="Queues" lead="A queue comes into being with its first job, worker or setting.">
      <div className="card min-w-0 overflow-clip">
        <Shown query={query}>
          {() =>
            rows.length === 0 ? (
              <Empty icon={Layers} title="No queues yet" />
            ) : (
              <DataTable label="Queues" columns={columns} rows={rows} rowId={({ name }) => name} />
            )
          }
        </Shown>
      </div>
      {pausing ? <PauseDialog queue={pausing} onClose={() => setPausing(null)} /> : null}
    </Page>
  );
}

/** Whether a queue gives out jobs, and why not. */
export function QueueState({ queue }: { queue: Queue }): ReactNode {
  if (queue.paused === null) {
    return (
      <Badge tone="good" icon={CirclePlay}>
        open
      </Badge>
    );
  }
  return (
    <span className="grid gap-0.5">
      <span>
        <Badge tone="warn" icon={CirclePause}>
          paused
        </Badge>
      </span>
      {queue.paused.reason ? (
        <bdi className="anywhere line-clamp-2 text-xs text-muted">{queue.paused.reason}</bdi>
      ) : null}
    </span>
  );
}

function queueColumns(may: boolean, pause: (queue: Queue) => void): readonly Column<Row>[] {
  const figure = (take: (figures: QueueFigures) => ReactNode) => (row: Row) => (row.figures ? take(row.figures) : "–");
  const columns: Column<Row>[] = [
    {
      id: "name",
      header: "Queue",
      className: "w-2/5 md:w-1/4",
      cell: ({ name }) => (
        <TextLink href={queueHref(name)} className="font-medium">
          {name}
        </TextLink>
      ),
    },
    { id: "state", header: "State", cell: (queue) => <QueueState queue={queue} /> },
    { id: "ready", header: "Ready", right: true, cell: figure(({ ready }) => count(ready.value, ready.capped)) },
    {
      id: "running",
      header: "Running",
      from: "sm",
      right: true,
      cell: figure(({ running }) => count(running.value, running.capped)),
    },
    {
      id: "scheduled",
      header: "Scheduled",
      from: "md",
      right: true,
      cell: figure(({ scheduled }) => count(scheduled.value, scheduled.capped)),
    },
    { id: "dead", header: "Dead", from: "md", right: true, cell: figure(({ dead }) => count(dead)) },
    {
      id: "oldest",
      header: "Oldest due",
      from: "sm",
      right: true,
      cell: figure(({ oldest_ready_s: age }) => (age === null ? "–" : duration(age))),
    },
    {
      id: "limits",
      header: "Limits",
      from: "lg",
      cell: (queue) => <span className="text-xs text-muted">{limitsText(queue).join(", ") || "none"}</span>,
    },
  ];
  if (may) {
    columns.push({
      id: "do",
      header: <span className="sr-only">Actions</span>,
      className: "w-px",
      cell: (queue) => (
        <Button small aria-label={`${queue.paused ? "Resume" : "Pause"} ${queue.name}`} onClick={() => pause(queue)}>
          {queue.paused ? "Resume" : "Pause"}
        </Button>
      ),
    });
  }
  return columns;
}
