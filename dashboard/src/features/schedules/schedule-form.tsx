"use client";

import { useQuery } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { type FormEvent, type ReactNode, useState } from "react";
import { api } from "@/api/client";
import { stringifyExact } from "@/api/json";
import { Problem, told } from "@/api/problem";
import { tasksQuery } from "@/api/queries";
import { parsed, PayloadEditor } from "@/features/payload/editor";
import { skeleton } from "@/features/payload/schema";
import { useAct } from "@/lib/act";
import { Button } from "@/ui/button";
import { TextField } from "@/ui/field";
import { Section } from "@/ui/page";
import { NextFires } from "./next-fires";
import { RhythmFields, type Rules, RulesFields } from "./rhythm-fields";
import { type Schedule, scheduleHref } from "./schedules-view";

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** A schedule as a form, with its next fire times beside it while it is written. */
export function ScheduleForm({ schedule }: { schedule?: Schedule }): ReactNode {
  const router = useRouter();
  const tasks = useQuery(tasksQuery);
  const [name, setName] = useState(schedule?.name ?? "");
  const [task, setTask] = useState(schedule?.job.task ?? "");
  const [rhythm, setRhythm] = useState({
    cron: schedule ? schedule.cron : "0 9 * * MON-FRI",
    every_s: schedule?.every_s ?? null,
    zone: schedule?.zone ?? ZONE,
  });
  const [rules, setRules] = useState<Rules>({
    overlap: schedule?.overlap ?? "skip",
    catch_up: schedule?.catch_up ?? "last",
    jitter_s: schedule?.jitter_s ?? 0,
  });
  const [text, setText] = useState(schedule ? stringifyExact(schedule.job.payload ?? {}, 2) : "{}");
  const payload = parsed(text);
  const known = tasks.data?.items.find(({ id }) => id === task);
  const form = {
    ...(rhythm.cron === null ? { every_s: rhythm.every_s } : { cron: rhythm.cron, zone: rhythm.zone }),
    ...rules,
    job: { ...schedule?.job, task, payload },
  };
  const save = useAct({
    quiet: true,
    run: () =>
      schedule
        ? api.put("/api/v1/schedules/{schedule}", {
            path: { schedule: schedule.name },
            etag: schedule.etag,
            body: { catch_up_limit: schedule.catch_up_limit, ...form },
          })
        : api.post("/api/v1/schedules", { body: { name, ...form } }),
    done: (made) => `${made.name} is set.`,
    after: (made) => router.push(scheduleHref(made.name)),
  });
  const at = (pointer: string): string | undefined =>
    save.error instanceof Problem ? save.error.at(pointer) : undefined;
  const choose = (chosen: string): void => {
    setTask(chosen);
    const schema = tasks.data?.items.find(({ id }) => id === chosen)?.payload_schema;
    if (schema !== undefined && text === "{}") setText(stringifyExact(skeleton(schema), 2));
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form onSubmit={submit} className="grid items-start gap-4 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
      <div className="grid min-w-0 gap-4">
        <Section title="What">
          <div className="grid gap-3">
            <div className="grid gap-3 sm:grid-cols-2">
              <TextField
                label="Name"
                value={name}
                required
                disabled={schedule !== undefined}
                pattern="[a-z0-9_.\-]{1,128}"
                hint="a-z, 0-9, _ . -"
                error={at("/name")}
                onChange={(event) => setName(event.target.value)}
              />
              <TextField
                label="Task"
                value={task}
                required
                list="schedule-tasks"
                error={at("/job/task")}
                onChange={(event) => choose(event.target.value.trim())}
              />
              <datalist id="schedule-tasks">
                {tasks.data?.items.map(({ id }) => (
                  <option key={id} value={id} />
                ))}
              </datalist>
            </div>
            <PayloadEditor
              key={known?.id ?? "unknown"}
              schema={known?.payload_schema}
              text={text}
              onChange={setText}
              errorAt={(pointer) => at(`/job${pointer}`)}
            />
          </div>
        </Section>
        <Section title="When">
          <RhythmFields rhythm={rhythm} onChange={setRhythm} errorAt={at} />
        </Section>
        <Section title="What if">
          <RulesFields rules={rules} onChange={setRules} />
        </Section>
      </div>
      <div className="grid min-w-0 gap-4 lg:sticky lg:top-16">
        <Section title="Next runs">
          <NextFires rhythm={rhythm} />
        </Section>
        {save.error ? (
          <p role="alert" className="anywhere text-sm text-bad">
            {told(save.error)}
          </p>
        ) : null}
        <Button type="submit" tone="primary" disabled={payload === null || save.isPending}>
          {schedule ? "Save" : "Create schedule"}
        </Button>
      </div>
    </form>
  );
}
