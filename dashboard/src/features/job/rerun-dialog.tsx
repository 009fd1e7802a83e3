"use client";

import { useQuery } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { type FormEvent, type ReactNode, useState } from "react";
import { api } from "@/api/client";
import { stringifyExact } from "@/api/json";
import { Problem, told } from "@/api/problem";
import { type Job, taskQuery } from "@/api/queries";
import { parsed, PayloadEditor } from "@/features/payload/editor";
import { useAct } from "@/lib/act";
import { Button } from "@/ui/button";
import { Dialog, DialogActions } from "@/ui/dialog";
import { Loading } from "@/ui/states";

/** Makes a new job out of this one; the payload may change, the rest is as it was. */
export function RerunDialog({ job, onClose }: { job: Job; onClose: () => void }): ReactNode {
  const router = useRouter();
  const [text, setText] = useState(() => stringifyExact(job.payload ?? {}, 2));
  const task = useQuery({ ...taskQuery(job.task), retry: false });
  const payload = parsed(text);
  const rerun = useAct({
    quiet: true,
    run: () => api.post("/api/v1/jobs/{job_id}/rerun", { path: { job_id: job.id }, body: { payload }, once: true }),
    done: (answer) =>
      answer.outcome === "existing" ? "Such a job is there already: this is it." : "A new job is queued.",
    after: (answer) => {
      onClose();
      router.push(`/jobs/view/?id=${answer.job.id}`);
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    rerun.mutate();
  };
  return (
    <Dialog title={`Run ${job.task} again`} open onClose={onClose} wide ready={!task.isPending}>
      <form onSubmit={submit}>
        {task.isPending ? (
          <Loading rows={3} />
        ) : (
          <PayloadEditor
            schema={task.data?.payload_schema}
            text={text}
            onChange={setText}
            error={rerun.error ? told(rerun.error) : null}
            errorAt={(pointer) => (rerun.error instanceof Problem ? rerun.error.at(pointer) : undefined)}
          />
        )}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" tone="primary" disabled={payload === null || task.isPending || rerun.isPending}>
            Run again
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
