/** Bulk operations: what they are called, and how one is planned and begun. */
import { api, type Schemas } from "@/api/client";

export type Action = Schemas["BulkAction"];
export type Operation = Schemas["BulkOperationOut"];
export type Planned = Schemas["BulkPlanned"];
export type Selector = Schemas["JobSelector"];

export const VERBS: Record<Action, string> = {
  retry: "Retry",
  cancel: "Cancel",
  "run-now": "Run now",
  move: "Move",
  delete: "Delete",
};

export const MEANS: Record<Action, string> = {
  retry: "Dead and cancelled jobs are queued again, with their retries restored.",
  cancel: "Queued jobs are cancelled at once; running ones are asked to stop.",
  "run-now": "Queued jobs that are not due yet become due now.",
  move: "Queued jobs go to another queue.",
  delete: "Ended jobs are removed for good, with their attempts.",
};

export interface Wish {
  action: Action;
  filter: Selector;
  queue?: string | undefined;
  reason?: string | undefined;
}

function body(wish: Wish) {
  return {
    action: wish.action,
    filter: wish.filter,
    ...(wish.queue ? { queue: wish.queue } : {}),
    ...(wish.reason ? { reason: wish.reason } : {}),
  };
}

export async function plan(wish: Wish): Promise<Planned> {
  return (await api.post("/api/v1/bulk-operations", { body: { ...body(wish), dry_run: true } })) as Planned;
}

export async function begin(wish: Wish, plan_hash: string): Promise<Operation> {
  return (await api.post("/api/v1/bulk-operations", { body: { ...body(wish), plan_hash }, once: true })) as Operation;
}

export function operationHref(id: string): string {
  return `/bulk-operations/view/?id=${id}`;
}
