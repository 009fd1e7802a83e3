"use client";

import { type FormEvent, type ReactNode, useState } from "react";
import { api } from "@/api/client";
import { stringifyExact } from "@/api/json";
import { Problem, told } from "@/api/problem";
import { parsed, PayloadEditor } from "@/features/payload/editor";
import { skeleton } from "@/features/payload/schema";
import { useAct } from "@/lib/act";
import { Button } from "@/ui/button";
import { TextField } from "@/ui/field";
import type { Task } from "./tasks-view";

/** Enqueues a job with a payload that fits the task's schema. */
export function EnqueueForm({ task }: { task: Task }): ReactNode {
  const [text, setText] = useState(() => stringifyExact(skeleton(task.payload_schema), 2));
  const payload = parsed(text);
  const enqueue = useAct({
    quiet: true,
    run: (form: FormData) => api.post("/api/v1/jobs", { body: request(task.id, payload, form), once: true }),
    done: (answer) => [
      answer.outcome === "existing" ? "Such a job is there already." : "Enqueued.",
      { href: `/jobs/view/?id=${answer.job.id}`, text: "Open the job" },
    ],
  });
  const at = (pointer: string): string | undefined =>
    enqueue.error instanceof Problem ? enqueue.error.at(pointer) : undefined;
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    enqueue.mutate(new FormData(event.currentTarget));
  };
  return (
    <form id="enqueue" onSubmit={submit} className="grid gap-4">
      <PayloadEditor schema={task.payload_schema} text={text} onChange={setText} errorAt={at} />
      <details>
        <summary className="text-sm text-muted">More settings</summary>
        <div className="mt-2 grid gap-3 sm:grid-cols-2">
          <TextField label="Queue" name="queue" placeholder={task.queue} error={at("/queue")} />
          <TextField
            label="Priority"
            hint="0 runs first, 5 is usual"
            name="priority"
            type="number"
            min={0}
            max={9}
            error={at("/priority")}
          />
          <TextField
            label="Not before, in seconds from now"
            name="delay_s"
            type="number"
            min={0}
            step="any"
            error={at("/delay_s")}
          />
          <TextField
            label="Retries at most"
            name="max_retries"
            type="number"
            min={0}
            max={1000}
            error={at("/max_retries")}
          />
          <TextField label="Tags" hint="separated by commas" name="tags" error={at("/tags")} />
          <TextField label="Concurrency key" name="concurrency_key" error={at("/concurrency_key")} />
          <TextField
            label="Unique key"
            hint="Only one job with it waits or runs"
            name="unique"
            error={at("/unique/key")}
          />
        </div>
      </details>
      {enqueue.error ? (
        <p role="alert" className="anywhere text-sm text-bad">
          {told(enqueue.error)}
        </p>
      ) : null}
      <Button
        type="submit"
        tone="primary"
        className="justify-self-start"
        disabled={payload === null || enqueue.isPending}
      >
        Enqueue
      </Button>
    </form>
  );
}

function request(task: string, payload: object | null, form: FormData): Record<string, unknown> {
  const asked: Record<string, unknown> = { task, payload };
  const text = (name: string): string => String(form.get(name) ?? "").trim();
  for (const name of ["priority", "delay_s", "max_retries"]) {
    if (text(name) !== "") asked[name] = Number(text(name));
  }
  for (const name of ["queue", "concurrency_key"]) {
    if (text(name) !== "") asked[name] = text(name);
  }
  if (text("tags") !== "")
    asked["tags"] = text("tags")
      .split(",")
      .map((tag) => tag.trim())
      .filter(Boolean);
  if (text("unique") !== "") asked["unique"] = { key: text("unique") };
  return asked;
}
