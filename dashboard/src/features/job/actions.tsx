"use client";

import { Ban, FastForward, Pencil, Play, RotateCcw, Trash2 } from "lucide-react";
import { useRouter } from "next/navigation";
import { type ReactNode, useState } from "react";
import { api } from "@/api/client";
import type { Job } from "@/api/queries";
import { useMay, useSteers } from "@/lib/access";
import { useAct } from "@/lib/act";
import { Button } from "@/ui/button";
import { Dialog, DialogActions } from "@/ui/dialog";
import { EditDialog } from "./edit-dialog";
import { RerunDialog } from "./rerun-dialog";

/** What can be done with a job in its state, by this person. */
export function JobActions({ job }: { job: Job }): ReactNode {
  const [dialog, setDialog] = useState<"rerun" | "edit" | "delete" | null>(null);
  const steers = useSteers(job.user_id);
  const operates = useMay("jobs:admin");
  const removes = useMay("admin");
  const path = { path: { job_id: job.id } };
  const cancel = useAct({
    run: () => api.post("/api/v1/jobs/{job_id}/cancel", path),
    done: (answer) => (answer.outcome === "requested" ? "The job is asked to stop." : "The job is cancelled."),
  });
  const retry = useAct({
    run: () => api.post("/api/v1/jobs/{job_id}/retry", path),
    done: () => "The job is queued again, with its retries restored.",
  });
  const now = useAct({ run: () => api.post("/api/v1/jobs/{job_id}/run-now", path), done: () => "The job is due now." });
  const over = job.finished_at !== null;
  return (
    <>
      {steers && !over ? (
        <Button disabled={cancel.isPending || job.cancel_requested} onClick={() => cancel.mutate()}>
          <Ban aria-hidden size={14} /> {job.cancel_requested ? "Cancel requested" : "Cancel"}
        </Button>
      ) : null}
      {operates && job.status === "queued" ? (
        <>
          <Button disabled={now.isPending} onClick={() => now.mutate()}>
            <FastForward aria-hidden size={14} /> Run now
          </Button>
          <Button onClick={() => setDialog("edit")}>
            <Pencil aria-hidden size={14} /> Edit
          </Button>
        </>
      ) : null}
      {steers && (job.status === "dead" || job.status === "cancelled") ? (
        <Button tone="primary" disabled={retry.isPending} onClick={() => retry.mutate()}>
          <RotateCcw aria-hidden size={14} /> Retry
        </Button>
      ) : null}
      {steers ? (
        <Button onClick={() => setDialog("rerun")}>
          <Play aria-hidden size={14} /> Run again…
        </Button>
      ) : null}
      {removes && over ? (
        <Button tone="danger" onClick={() => setDialog("delete")}>
          <Trash2 aria-hidden size={14} /> Delete
        </Button>
      ) : null}
      {dialog === "rerun" ? <RerunDialog job={job} onClose={() => setDialog(null)} /> : null}
      {dialog === "edit" ? <EditDialog job={job} onClose={() => setDialog(null)} /> : null}
      {dialog === "delete" ? <DeleteDialog job={job} onClose={() => setDialog(null)} /> : null}
    </>
  );
}

function DeleteDialog({ job, onClose }: { job: Job; onClose: () => void }): ReactNode {
  const router = useRouter();
  const remove = useAct({
    run: () => api.delete("/api/v1/jobs/{job_id}", { path: { job_id: job.id } }),
    done: () => "The job is deleted.",
    after: () => router.push("/jobs/"),
  });
  return (
    <Dialog title="Delete this job?" open onClose={onClose}>
      <p className="text-sm">
        It goes for good, with its attempts, payload and result. The audit log keeps that it was deleted, and by whom.
      </p>
      <DialogActions>
        <Button onClick={onClose}>Keep it</Button>
        <Button tone="danger" disabled={remove.isPending} onClick={() => remove.mutate()}>
          Delete
        </Button>
      </DialogActions>
    </Dialog>
  );
}
