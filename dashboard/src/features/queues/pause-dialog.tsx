"use client";

import { type FormEvent, type ReactNode } from "react";
import { api } from "@/api/client";
import { told } from "@/api/problem";
import { useAct } from "@/lib/act";
import { serverNow } from "@/lib/clock";
import { Button } from "@/ui/button";
import { Dialog, DialogActions } from "@/ui/dialog";
import { SelectField, TextField } from "@/ui/field";
import { Foreign } from "@/ui/foreign";
import type { Queue } from "./words";

/** Pauses a queue with a reason that its jobs tell, or lets it go on. */
export function PauseDialog({ queue, onClose }: { queue: Queue; onClose: () => void }): ReactNode {
  const path = { path: { name: queue.name } };
  const pause = useAct({
    quiet: true,
    run: (form: FormData) => api.post("/api/v1/queues/{name}/pause", { ...path, body: asked(form) }),
    done: () => `${queue.name} pauses: what runs goes on, nothing new starts.`,
    after: onClose,
  });
  const resume = useAct({
    quiet: true,
    run: () => api.post("/api/v1/queues/{name}/resume", path),
    done: () => `${queue.name} goes on.`,
    after: onClose,
  });
  const error = pause.error ?? resume.error;
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (queue.paused) resume.mutate();
    else pause.mutate(new FormData(event.currentTarget));
  };
  return (
    <Dialog title={`${queue.paused ? "Resume" : "Pause"} ${queue.name}`} open onClose={onClose}>
      <form onSubmit={submit} className="grid gap-3">
        {queue.paused ? (
          <p className="anywhere text-sm">
            {queue.paused.reason ? (
              <>
                It pauses because: <Foreign text={queue.paused.reason} />
              </>
            ) : (
              "It pauses; nobody said why."
            )}
          </p>
        ) : (
          <>
            <TextField
              label="Why"
              hint="Every job that waits because of it says so."
              name="reason"
              maxLength={500}
              autoFocus
            />
            <SelectField label="Until" name="until" defaultValue="">
              <option value="">somebody resumes it</option>
              <option value="900">15 minutes from now</option>
              <option value="3600">1 hour from now</option>
              <option value="14400">4 hours from now</option>
              <option value="86400">1 day from now</option>
            </SelectField>
          </>
        )}
        {error ? (
          <p role="alert" className="anywhere text-sm text-bad">
            {told(error)}
          </p>
        ) : null}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" tone="primary" disabled={pause.isPending || resume.isPending}>
            {queue.paused ? "Resume" : "Pause"}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

function asked(form: FormData): Record<string, unknown> {
  const reason = String(form.get("reason") ?? "").trim();
  const seconds = Number(form.get("until"));
  return {
    ...(reason ? { reason } : {}),
    ...(seconds ? { until: new Date(serverNow() + seconds * 1000).toISOString() } : {}),
  };
}
