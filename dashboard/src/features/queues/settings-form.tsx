"use client";

import { type FormEvent, type ReactNode } from "react";
import { api } from "@/api/client";
import { Problem, told } from "@/api/problem";
import { useAct } from "@/lib/act";
import { Button } from "@/ui/button";
import { TextField } from "@/ui/field";
import type { Queue } from "./words";

interface Setting {
  name: string;
  label: string;
  hint?: string;
  of: (queue: Queue) => number | null | undefined;
}

const LIMITS: readonly Setting[] = [
  { name: "max_running", label: "Running at a time", of: (queue) => queue.max_running },
  { name: "max_running_per_key", label: "… per concurrency key", of: (queue) => queue.max_running_per_key },
  { name: "rate.limit", label: "Starts at most", hint: "in the period beside it", of: (queue) => queue.rate?.limit },
  { name: "rate.period_s", label: "… in so many seconds", of: (queue) => queue.rate?.period_s },
  { name: "max_depth", label: "Waiting at most", hint: "further jobs are refused", of: (queue) => queue.max_depth },
  {
    name: "oldest_share",
    label: "Oldest first, a share of 0 to 1",
    hint: "protects low priorities",
    of: (queue) => queue.oldest_share,
  },
  {
    name: "target_wait_s",
    label: "To wait at most, seconds",
    hint: "what autoscalers are told",
    of: (queue) => queue.target_wait_s,
  },
];

const DEFAULTS: readonly Setting[] = [
  { name: "defaults.max_retries", label: "Retries", of: (queue) => queue.defaults.max_retries },
  { name: "defaults.timeout_s", label: "Time limit, seconds", of: (queue) => queue.defaults.timeout_s },
];

const RETENTION: readonly Setting[] = [
  { name: "retention.succeeded_s", label: "Keep succeeded jobs, seconds", of: (queue) => queue.retention?.succeeded_s },
  { name: "retention.cancelled_s", label: "Keep cancelled jobs, seconds", of: (queue) => queue.retention?.cancelled_s },
  { name: "retention.dead_s", label: "Keep dead jobs, seconds", of: (queue) => queue.retention?.dead_s },
  { name: "retention.result_s", label: "Keep results, seconds", of: (queue) => queue.retention?.result_s },
];

const PARTS = { Limits: LIMITS, Defaults: DEFAULTS, Retention: RETENTION };

/** Everything that is set on a queue; an empty field is no limit, or the system's default. */
export function SettingsForm({ queue }: { queue: Queue }): ReactNode {
  const save = useAct({
    quiet: true,
    run: (form: FormData) =>
      api.patch("/api/v1/queues/{name}", { path: { name: queue.name }, etag: queue.etag, body: changes(queue, form) }),
    done: () => `${queue.name} is set.`,
  });
  const at = (pointer: string): string | undefined =>
    save.error instanceof Problem ? save.error.at(pointer) : undefined;
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    save.mutate(new FormData(event.currentTarget));
  };
  return (
    <form onSubmit={submit} className="grid gap-4">
      {Object.entries(PARTS).map(([title, settings]) => (
        <fieldset key={title} className="grid gap-3 sm:grid-cols-2">
          <legend className="mb-1 text-sm font-medium">{title}</legend>
          {settings.map(({ name, label, hint, of }) => (
            <TextField
              key={name}
              label={label}
              {...(hint ? { hint } : {})}
              name={name}
              type="number"
              min={0}
              step="any"
              placeholder="–"
              defaultValue={of(queue) ?? ""}
              error={at(`/${name.replace(".", "/")}`)}
            />
          ))}
        </fieldset>
      ))}
      {save.error ? (
        <p role="alert" className="anywhere text-sm text-bad">
          {told(save.error)}
        </p>
      ) : null}
      <Button type="submit" tone="primary" className="justify-self-start" disabled={save.isPending}>
        Save
      </Button>
    </form>
  );
}

/** Return a merge patch of what differs; `null` takes a setting away. */
function changes(queue: Queue, form: FormData): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const { name, of } of Object.values(PARTS).flat()) {
    const text = String(form.get(name) ?? "").trim();
    const value = text === "" ? null : Number(text);
    if (value === (of(queue) ?? null)) continue;
    const [first, second] = name.split(".") as [string, string?];
    if (second === undefined) found[first] = value;
    else found[first] = { ...(found[first] as object | undefined), [second]: value };
  }
  const noRate = String(form.get("rate.limit") ?? "").trim() === "";
  if (noRate && "rate" in found) found["rate"] = null;
  return found;
}
