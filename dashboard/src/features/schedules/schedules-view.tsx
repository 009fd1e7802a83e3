"use client";

import { useQuery } from "@tanstack/react-query";
import { CalendarClock, Plus } from "lucide-react";
import { type ReactNode, useMemo } from "react";
import { api, type Schemas } from "@/api/client";
import { schedulesQuery } from "@/api/queries";
import { useMay } from "@/lib/access";
import { useAct } from "@/lib/act";
import { Badge } from "@/ui/badge";
import { LinkButton } from "@/ui/button";
import { Switch } from "@/ui/field";
import { TextLink } from "@/ui/link";
import { Page } from "@/ui/page";
import { Empty, Shown } from "@/ui/states";
import { type Column, DataTable } from "@/ui/table";
import { When } from "@/ui/time";

export type Schedule = Schemas["ScheduleOut"];

export function scheduleHref(name: string): string {
  return `/schedules/view/?name=${encodeURIComponent(name)}`;
}

/** Every schedule: its rhythm in words, when it fires next, and a switch. */
export function SchedulesView(): ReactNode {
  const query = useQuery(schedulesQuery);
  const may = useMay("schedules:admin");
  const columns = useMemo(() => scheduleColumns(may), [may]);
  return (
    <Page
      title="Schedules"
      lead="At each fire time a job is made, once."
      actions={
        may ? (
          <LinkButton tone="primary" href="/schedules/edit/">
            <Plus aria-hidden size={14} /> New schedule
          </LinkButton>
        ) : null
      }
    >
      <div className="card min-w-0 overflow-clip">
        <Shown query={query}>
          {(data) =>
            data.items.length === 0 ? (
              <Empty icon={CalendarClock} title="No schedules yet">
                Make one here, or declare one in code with <code>tasks.schedule(…)</code>.
              </Empty>
            ) : (
              <DataTable label="Schedules" columns={columns} rows={data.items} rowId={({ id }) => id} />
            )
          }
        </Shown>
      </div>
    </Page>
  );
}

/** Lets a schedule fire, or not. */
export function ScheduleSwitch({ schedule }: { schedule: Schedule }): ReactNode {
  const on = schedule.paused === null;
  const path = { path: { schedule: schedule.name } };
  const turn = useAct<boolean>({
    run: (wanted) =>
      wanted
        ? api.post("/api/v1/schedules/{schedule}/resume", path)
        : api.post("/api/v1/schedules/{schedule}/pause", path),
    done: (_, wanted) => `${schedule.name} ${wanted ? "fires again" : "pauses"}.`,
  });
  return (
    <Switch
      label={`${schedule.name} fires`}
      on={turn.isPending ? turn.variables : on}
      disabled={turn.isPending}
      onChange={(wanted) => turn.mutate(wanted)}
    />
  );
}

function scheduleColumns(may: boolean): readonly Column<Schedule>[] {
  return [
    {
      id: "name",
      header: "Schedule",
      className: "w-full md:w-2/5",
      cell: (schedule) => (
        <div className="grid gap-0.5">
          <TextLink href={scheduleHref(schedule.name)} className="font-medium">
            {schedule.name}
          </TextLink>
          <span className="anywhere text-xs text-muted">{schedule.words}</span>
          {schedule.failure ? <span className="anywhere text-xs text-bad">{schedule.failure}</span> : null}
        </div>
      ),
    },
    {
      id: "task",
      header: "Task",
      from: "md",
      cell: ({ job }) => <TextLink href={`/tasks/view/?id=${encodeURIComponent(job.task)}`}>{job.task}</TextLink>,
    },
    {
      id: "next",
      header: "Next",
      right: true,
      cell: (schedule) =>
        schedule.paused ? <span className="text-faint">paused</span> : <When at={schedule.next_at} />,
    },
    {
      id: "last",
      header: "Last",
      from: "sm",
      right: true,
      cell: (schedule) => <When at={schedule.last_fire_at} absent="never" />,
    },
    {
      id: "by",
      header: "Set in",
      from: "lg",
      cell: ({ managed_by }) => <Badge>{managed_by === "code" ? "code" : "API"}</Badge>,
    },
    {
      id: "on",
      header: "Fires",
      className: "w-px",
      cell: (schedule) => (may ? <ScheduleSwitch schedule={schedule} /> : schedule.paused ? "no" : "yes"),
    },
  ];
}
