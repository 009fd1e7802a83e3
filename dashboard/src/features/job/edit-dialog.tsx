"use client";

import { useQuery } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { api } from "@/api/client";
import { stringifyExact } from "@/api/json";
import { Problem, told } from "@/api/problem";
import { type Job, taskQuery } from "@/api/queries";
import { parsed, PayloadEditor } from "@/features/payload/editor";
import { useAct } from "@/lib/act";
import { Button } from "@/ui/button";
import { Dialog, DialogActions } from "@/ui/dialog";
import { TextField } from "@/ui/field";

/** Changes a job that still waits; if it has moved on meanwhile, the API says so and nothing is changed. */
export function EditDialog({ job, onClose }: { job: Job; onClose: () => void }): ReactNode {
  const [was] = useState(job);
  const [text, setText] = useState(() => stringifyExact(job.payload ?? {}, 2));
  const [first] = useState(text);
  const task = useQuery({ ...taskQuery(job.task), retry: false });
  const payload = parsed(text);
  const edit = useAct({
    quiet: true,
    run: (form: FormData) =>
      api.patch("/api/v1/jobs/{job_id}", {
        path: { job_id: was.id },
        etag: was.etag,
        body: changes(was, form, text === first ? null : payload),
      }),
    done: () => "The job is changed.",
    after: onClose,
  });
  const at = (pointer: string): string | undefined =>
    edit.error instanceof Problem ? edit.error.at(pointer) : undefined;
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    edit.mutate(new FormData(event.currentTarget));
  };
  return (
    <Dialog title={`Edit ${was.task}`} open onClose={onClose} wide>
      <form onSubmit={submit} className="grid gap-3">
        <div className="grid gap-3 sm:grid-cols-3">
          <TextField label="Queue" name="queue" defaultValue={was.queue} error={at("/queue")} />
          <TextField
            label="Priority"
            hint="0 runs first"
            name="priority"
            type="number"
            min={0}
            max={9}
            defaultValue={was.priority}
            error={at("/priority")}
          />
          <TextField
            label="Retries at most"
            name="max_retries"
            type="number"
            min={0}
            max={1000}
            defaultValue={was.max_retries}
            error={at("/max_retries")}
          />
        </div>
        <TextField
          label="Tags"
          hint="separated by commas"
          name="tags"
          defaultValue={was.tags.join(", ")}
          error={at("/tags")}
        />
        <PayloadEditor
          key={task.isPending ? "asking" : "known"}
          schema={task.data?.payload_schema}
          text={text}
          onChange={setText}
          errorAt={at}
        />
        {edit.error ? (
          <p role="alert" className="anywhere text-sm text-bad">
            {told(edit.error)}
          </p>
        ) : null}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" tone="primary" disabled={payload === null || edit.isPending}>
            Save
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

/** Return only what was changed. */
function changes(job: Job, form: FormData, payload: object | null): Record<string, unknown> {
  const queue = String(form.get("queue")).trim();
  const tags = String(form.get("tags"))
    .split(",")
    .map((tag) => tag.trim())
    .filter(Boolean);
  const found: Record<string, unknown> = {};
  if (queue !== job.queue) found["queue"] = queue;
  for (const name of ["priority", "max_retries"] as const) {
    const value = Number(form.get(name));
    if (value !== job[name]) found[name] = value;
  }
  if (tags.join() !== job.tags.join()) found["tags"] = tags;
  if (payload !== null) found["payload"] = payload;
  return found;
}
