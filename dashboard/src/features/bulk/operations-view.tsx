"use client";

import { useQuery } from "@tanstack/react-query";
import { ListChecks } from "lucide-react";
import { parseAsString, useQueryState } from "nuqs";
import type { ReactNode } from "react";
import { operationsQuery } from "@/api/queries";
import { count } from "@/lib/words";
import { TextLink } from "@/ui/link";
import { Page } from "@/ui/page";
import { Pager } from "@/ui/pager";
import { Empty, Shown } from "@/ui/states";
import { type Column, DataTable } from "@/ui/table";
import { When } from "@/ui/time";
import { type Operation, operationHref, VERBS } from "./api";
import { filterText, OperationStatus, Share } from "./operation-parts";

const COLUMNS: readonly Column<Operation>[] = [
  {
    id: "what",
    header: "Operation",
    className: "w-full sm:w-2/5",
    cell: (operation) => (
      <div className="grid gap-0.5">
        <TextLink href={operationHref(operation.id)} className="font-medium">
          {VERBS[operation.action]}
        </TextLink>
        <code className="anywhere line-clamp-2 text-2xs text-muted">{filterText(operation.filter)}</code>
      </div>
    ),
  },
  { id: "status", header: "Status", cell: (operation) => <OperationStatus operation={operation} /> },
  { id: "share", header: "Done", from: "sm", className: "w-40", cell: (operation) => <Share operation={operation} /> },
  { id: "skipped", header: "Skipped", from: "lg", right: true, cell: ({ skipped }) => count(skipped) },
  { id: "failed", header: "Failed", from: "md", right: true, cell: ({ failed }) => count(failed) },
  { id: "created", header: "Begun", from: "sm", right: true, cell: ({ created_at }) => <When at={created_at} /> },
];

/** What was done to many jobs at once: who, what, how far. */
export function OperationsView(): ReactNode {
  const [cursor, setCursor] = useQueryState("cursor", parseAsString.withOptions({ history: "push" }));
  const query = useQuery(operationsQuery(cursor));
  return (
    <Page title="Bulk operations" lead="What was done to many jobs at once: previewed, tracked, and abortable.">
      <div className="card min-w-0 overflow-clip">
        <Shown query={query}>
          {(data) =>
            data.items.length === 0 ? (
              <Empty icon={ListChecks} title="No bulk operation yet">
                Choose jobs in the{" "}
                <TextLink className="underline" href="/jobs/">
                  list
                </TextLink>
                , or a group of{" "}
                <TextLink className="underline" href="/dead-letters/">
                  dead letters
                </TextLink>
                .
              </Empty>
            ) : (
              <DataTable label="Bulk operations" columns={COLUMNS} rows={data.items} rowId={({ id }) => id} />
            )
          }
        </Shown>
      </div>
      <Pager previous={query.data?.prev_cursor} next={query.data?.next_cursor} onTurn={(to) => void setCursor(to)} />
    </Page>
  );
}
