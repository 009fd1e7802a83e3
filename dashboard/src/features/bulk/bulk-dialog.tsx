"use client";

import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { told } from "@/api/problem";
import { queuesQuery } from "@/api/queries";
import { useSettled } from "@/lib/settled";
import { say } from "@/lib/toasts";
import { count, several } from "@/lib/words";
import { Button } from "@/ui/button";
import { Dialog, DialogActions } from "@/ui/dialog";
import { TextField } from "@/ui/field";
import { Loading } from "@/ui/states";
import { StatusBadge } from "@/ui/status";
import { type Action, begin, MEANS, operationHref, plan, type Planned, type Selector, VERBS } from "./api";

interface Props {
  action: Action;
  filter: Selector;
  onClose: () => void;
  onBegun?: () => void;
}

/** Says what would be touched before anything is; what is begun touches only jobs that were there then. */
export function BulkDialog({ action, filter, onClose, onBegun }: Props): ReactNode {
  const [queue, setQueue] = useState("");
  const [reason, setReason] = useState("");
  const said = useSettled(reason.trim());
  const client = useQueryClient();
  const ready = action !== "move" || queue !== "";
  const wish = { action, filter, queue: action === "move" ? queue : undefined, reason: said || undefined };
  const preview = useQuery({
    queryKey: ["bulk-plan", action, filter, wish.queue, wish.reason],
    queryFn: () => plan(wish),
    placeholderData: keepPreviousData,
    enabled: ready,
    staleTime: 0,
    gcTime: 0,
    meta: { still: true },
  });
  const start = useMutation({
    mutationFn: async (planned: Planned) => begin(wish, planned.plan_hash),
    onSuccess: (operation) => {
      say(`${VERBS[action]}: begun.`, "good", { href: operationHref(operation.id), text: "Watch it" });
      void client.invalidateQueries();
      onBegun?.();
      onClose();
    },
  });
  const planned = preview.data;
  const current = !preview.isPlaceholderData && said === reason.trim();
  return (
    <Dialog title={`${VERBS[action]} jobs`} open onClose={onClose}>
      <p className="text-sm text-muted">{MEANS[action]}</p>
      <div className="mt-3 grid gap-3">
        {action === "move" ? <QueueChoice queue={queue} onChange={setQueue} /> : null}
        {action === "cancel" ? (
          <TextField
            label="Reason, told on each job"
            value={reason}
            maxLength={500}
            onChange={(event) => setReason(event.target.value)}
          />
        ) : null}
        {preview.error ? (
          <p role="alert" className="anywhere text-sm text-bad">
            {told(preview.error)}
          </p>
        ) : null}
        {ready && preview.isPending ? <Loading rows={3} label="Looking which jobs are meant" /> : null}
        {planned ? <Preview planned={planned} /> : null}
        {start.error ? (
          <p role="alert" className="anywhere text-sm text-bad">
            {told(start.error)}
          </p>
        ) : null}
      </div>
      <DialogActions>
        <Button onClick={onClose}>Leave it</Button>
        <Button
          tone={action === "delete" ? "danger" : "primary"}
          disabled={!planned || !current || planned.count.value === 0 || start.isPending}
          onClick={() => planned && start.mutate(planned)}
        >
          {VERBS[action]}{" "}
          {planned ? several(planned.count.value, "job") + (planned.count.capped ? " or more" : "") : "jobs"}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

function QueueChoice({ queue, onChange }: { queue: string; onChange: (queue: string) => void }): ReactNode {
  const { data } = useQuery(queuesQuery);
  return (
    <>
      <TextField
        label="To the queue"
        list="bulk-queues"
        value={queue}
        required
        onChange={(event) => onChange(event.target.value.trim())}
      />
      <datalist id="bulk-queues">
        {data?.items.map(({ name }) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </>
  );
}

function Preview({ planned }: { planned: Planned }): ReactNode {
  if (planned.count.value === 0)
    return <p className="text-sm">No job is in a state for this: nothing would be touched.</p>;
  return (
    <div className="rounded-md border border-line">
      <p className="border-b border-line px-3 py-2 text-sm">
        <b>{count(planned.count.value, planned.count.capped)}</b> would be touched, such as
      </p>
      <ul aria-label="Jobs that would be touched" className="max-h-44 overflow-auto px-3 py-1 text-xs">
        {planned.sample.map((job) => (
          <li key={job.id} className="flex items-center justify-between gap-2 py-1">
            <span className="anywhere">
              {job.task} <span className="text-faint">{job.id}</span>
            </span>
            <StatusBadge status={job.status} />
          </li>
        ))}
      </ul>
    </div>
  );
}
