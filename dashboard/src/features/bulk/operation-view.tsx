"use client";

import { useQuery } from "@tanstack/react-query";
import { CircleStop, Play } from "lucide-react";
import { parseAsString, useQueryState } from "nuqs";
import type { ReactNode } from "react";
import { api } from "@/api/client";
import { operationQuery } from "@/api/queries";
import { useMay } from "@/lib/access";
import { useAct } from "@/lib/act";
import { count } from "@/lib/words";
import { Button } from "@/ui/button";
import { Facts, Page, Section } from "@/ui/page";
import { Shown } from "@/ui/states";
import { Instant, When } from "@/ui/time";
import { type Operation, VERBS } from "./api";
import { filterText, OperationStatus, Share } from "./operation-parts";

/** One bulk operation, as it goes. */
export function OperationView(): ReactNode {
  const [id] = useQueryState("id", parseAsString.withDefault(""));
  const query = useQuery(operationQuery(id));
  return (
    <Page
      title={query.data ? `${VERBS[query.data.action]} jobs` : "Bulk operation"}
      actions={query.data ? <Actions operation={query.data} /> : null}
    >
      <Shown query={query}>{(operation) => <Known operation={operation} />}</Shown>
    </Page>
  );
}

function Actions({ operation }: { operation: Operation }): ReactNode {
  const operates = useMay(operation.action === "delete" ? "admin" : "jobs:admin");
  const path = { path: { operation_id: operation.id } };
  const abort = useAct({
    run: () => api.post("/api/v1/bulk-operations/{operation_id}/abort", path),
    done: () => "Aborted: what was done stays done.",
  });
  const resume = useAct({
    run: () => api.post("/api/v1/bulk-operations/{operation_id}/resume", path),
    done: () => "It goes on.",
  });
  if (!operates) return null;
  if (operation.status === "pending" || operation.status === "running") {
    return (
      <Button tone="danger" disabled={abort.isPending} onClick={() => abort.mutate()}>
        <CircleStop aria-hidden size={14} /> Abort
      </Button>
    );
  }
  if (operation.status !== "aborted" && operation.status !== "failed") return null;
  return (
    <Button disabled={resume.isPending} onClick={() => resume.mutate()}>
      <Play aria-hidden size={14} /> Go on
    </Button>
  );
}

function Known({ operation }: { operation: Operation }): ReactNode {
  const { actor } = operation;
  const who =
    actor.kind === "system"
      ? "eQueue itself"
      : `${actor.kind} ${(actor.kind === "key" ? actor.key_id : actor.user_id) ?? ""}`;
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      <Section title="How far it is" aside={<OperationStatus operation={operation} />}>
        <div className="grid gap-4">
          <Share operation={operation} />
          <Facts
            facts={[
              ["Looked at", count(operation.matched)],
              ["Done", count(operation.done)],
              ["Skipped", `${count(operation.skipped)} had moved on`],
              ["Failed", count(operation.failed)],
              ...(operation.failure ? ([["Why it failed", operation.failure]] as const) : []),
            ]}
          />
        </div>
      </Section>
      <Section title="What was asked for">
        <Facts
          facts={[
            [
              "Jobs",
              <code key="f" className="text-xs">
                {filterText(operation.filter)}
              </code>,
            ],
            ["Made up to", <Instant key="m" at={operation.mark} />],
            ...(operation.queue ? ([["To the queue", operation.queue]] as const) : []),
            ["Reason", operation.reason ?? "–"],
            ["By", who],
            ["Asked for", <When key="c" at={operation.created_at} />],
            ["Begun", <When key="s" at={operation.started_at} />],
            ["Ended", <When key="e" at={operation.finished_at} />],
          ]}
        />
      </Section>
    </div>
  );
}
