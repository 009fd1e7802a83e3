"use client";

import { useQuery } from "@tanstack/react-query";
import { Pencil, Play, Trash2 } from "lucide-react";
import { useRouter } from "next/navigation";
import { parseAsString, useQueryState } from "nuqs";
import { type ReactNode, useState } from "react";
import { api } from "@/api/client";
import { scheduleQuery } from "@/api/queries";
import { useMay } from "@/lib/access";
import { useAct } from "@/lib/act";
import { duration } from "@/lib/words";
import { Badge } from "@/ui/badge";
import { Button, LinkButton } from "@/ui/button";
import { Dialog, DialogActions } from "@/ui/dialog";
import { Foreign } from "@/ui/foreign";
import { JsonView } from "@/ui/json-view";
import { TextLink } from "@/ui/link";
import { Facts, Page, Section } from "@/ui/page";
import { Shown } from "@/ui/states";
import { When } from "@/ui/time";
import { Fires } from "./fires";
import { NextFires } from "./next-fires";
import { type Schedule, ScheduleSwitch } from "./schedules-view";

/** One schedule: when it fires, what it fired, what it makes. */
export function ScheduleView(): ReactNode {
  const [name] = useQueryState("name", parseAsString.withDefault(""));
  const query = useQuery(scheduleQuery(name));
  return (
    <Page
      title={name || "Schedule"}
      lead={query.data?.words}
      actions={query.data ? <Actions schedule={query.data} /> : null}
    >
      <Shown query={query}>{(schedule) => <Known schedule={schedule} />}</Shown>
    </Page>
  );
}

function Actions({ schedule }: { schedule: Schedule }): ReactNode {
  const [asking, setAsking] = useState(false);
  const may = useMay("schedules:admin");
  const router = useRouter();
  const path = { path: { schedule: schedule.name } };
  const run = useAct({
    run: () => api.post("/api/v1/schedules/{schedule}/run", { ...path, once: true }),
    done: (answer) => ["A job is made.", { href: `/jobs/view/?id=${answer.job.id}`, text: "Open it" }],
  });
  const remove = useAct({
    run: () =>
      api.delete("/api/v1/schedules/{schedule}", {
        ...path,
        ...(schedule.managed_by === "code" ? { query: { force: true } } : {}),
      }),
    done: () => `${schedule.name} is deleted.`,
    after: () => router.push("/schedules/"),
  });
  if (!may) return null;
  return (
    <>
      <ScheduleSwitch schedule={schedule} />
      <Button disabled={run.isPending} onClick={() => run.mutate()}>
        <Play aria-hidden size={14} /> Run now
      </Button>
      {schedule.managed_by === "api" ? (
        <LinkButton href={`/schedules/edit/?name=${encodeURIComponent(schedule.name)}`}>
          <Pencil aria-hidden size={14} /> Edit
        </LinkButton>
      ) : null}
      <Button tone="danger" onClick={() => setAsking(true)}>
        <Trash2 aria-hidden size={14} /> Delete
      </Button>
      <Dialog title={`Delete ${schedule.name}?`} open={asking} onClose={() => setAsking(false)}>
        <p className="text-sm">
          It fires no more. Jobs that it made stay.
          {schedule.managed_by === "code"
            ? " A worker whose code still declares it makes it again when it starts."
            : ""}
        </p>
        <DialogActions>
          <Button onClick={() => setAsking(false)}>Keep it</Button>
          <Button tone="danger" disabled={remove.isPending} onClick={() => remove.mutate()}>
            Delete
          </Button>
        </DialogActions>
      </Dialog>
    </>
  );
}

function Known({ schedule }: { schedule: Schedule }): ReactNode {
  const { job } = schedule;
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      <div className="grid min-w-0 gap-4">
        <Section title="Next runs">
          {schedule.paused ? (
            <p className="anywhere mb-2 text-sm text-warn">
              It pauses{schedule.paused.reason ? ": " : ""}
              <Foreign text={schedule.paused.reason ?? ""} />. Without that it would fire
            </p>
          ) : null}
          <NextFires rhythm={schedule} />
        </Section>
        <Section title="Last runs" flush>
          <Fires fires={schedule.fires ?? []} />
        </Section>
      </div>
      <div className="grid min-w-0 gap-4">
        <Section title="Rhythm">
          <Facts
            facts={[
              ["Set in", <Badge key="b">{schedule.managed_by === "code" ? "code" : "API"}</Badge>],
              ["Expression", <code key="e">{schedule.cron ?? `every ${duration(schedule.every_s ?? 0)}`}</code>],
              ["Time zone", schedule.zone],
              ["While one runs", schedule.overlap === "skip" ? "skip the fire time" : "make one more"],
              [
                "Missed times",
                {
                  none: "are let go",
                  last: "the last is made up for",
                  all: `all are made up for, ${schedule.catch_up_limit} at most`,
                }[schedule.catch_up],
              ],
              ["Jitter", duration(schedule.jitter_s)],
              ["Next", <When key="n" at={schedule.next_at} />],
              ...(schedule.failure ? ([["Trouble", schedule.failure]] as const) : []),
            ]}
          />
        </Section>
        <Section title="Job">
          <Facts
            facts={[
              [
                "Task",
                <TextLink key="t" href={`/tasks/view/?id=${encodeURIComponent(job.task)}`}>
                  {job.task}
                </TextLink>,
              ],
              ["Queue", job.queue ?? "the task's own"],
              ["Priority", job.priority],
            ]}
          />
          <div className="mt-3">
            <JsonView value={job.payload} label="Payload" />
          </div>
        </Section>
      </div>
    </div>
  );
}
