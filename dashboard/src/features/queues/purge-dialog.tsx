"use client";

import { useRouter } from "next/navigation";
import { type ReactNode, useState } from "react";
import { api } from "@/api/client";
import { told } from "@/api/problem";
import { operationHref } from "@/features/bulk/api";
import { useAct } from "@/lib/act";
import { Button } from "@/ui/button";
import { Dialog, DialogActions } from "@/ui/dialog";
import { TextField } from "@/ui/field";

/** Cancels all that waits in a queue, once its name was typed. */
export function PurgeDialog({ name, onClose }: { name: string; onClose: () => void }): ReactNode {
  const router = useRouter();
  const [typed, setTyped] = useState("");
  const [reason, setReason] = useState("");
  const purge = useAct({
    quiet: true,
    run: () =>
      api.post("/api/v1/queues/{name}/purge", {
        path: { name },
        body: { confirm: typed, ...(reason.trim() ? { reason: reason.trim() } : {}) },
      }),
    done: () => "The purge is begun.",
    after: (operation) => router.push(operationHref(operation.id)),
  });
  return (
    <Dialog title={`Purge ${name}`} open onClose={onClose}>
      <p className="text-sm">Every job that waits in this queue is cancelled. Running ones go on, ended ones stay.</p>
      <div className="mt-3 grid gap-3">
        <TextField
          label="Type the queue's name"
          value={typed}
          autoComplete="off"
          onChange={(event) => setTyped(event.target.value)}
        />
        <TextField
          label="Reason, for the audit log"
          value={reason}
          maxLength={500}
          onChange={(event) => setReason(event.target.value)}
        />
        {purge.error ? (
          <p role="alert" className="anywhere text-sm text-bad">
            {told(purge.error)}
          </p>
        ) : null}
      </div>
      <DialogActions>
        <Button onClick={onClose}>Leave it</Button>
        <Button tone="danger" disabled={typed !== name || purge.isPending} onClick={() => purge.mutate()}>
          Purge
        </Button>
      </DialogActions>
    </Dialog>
  );
}
