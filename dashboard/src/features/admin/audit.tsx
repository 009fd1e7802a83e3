"use client";

import { useQuery } from "@tanstack/react-query";
import { ScrollText } from "lucide-react";
import { parseAsString, useQueryStates } from "nuqs";
import type { ReactNode } from "react";
import type { Schemas } from "@/api/client";
import { stringifyExact } from "@/api/json";
import { auditQuery } from "@/api/admin-queries";
import { shown } from "@/lib/signs";
import { TextLink } from "@/ui/link";
import { NameFilter } from "@/ui/name-filter";
import { Pager } from "@/ui/pager";
import { Empty, Shown } from "@/ui/states";
import { type Column, DataTable } from "@/ui/table";
import { Instant } from "@/ui/time";

type Entry = Schemas["AuditEntryOut"];

const STATE = {
  action: parseAsString.withDefault(""),
  target_kind: parseAsString.withDefault(""),
  target_id: parseAsString.withDefault(""),
  cursor: parseAsString,
};

/** Return where the thing is that an entry is about. */
function place(kind: string, id: string): string | null {
  const places: Record<string, string> = {
    job: `/jobs/view/?id=${id}`,
    queue: `/queues/view/?name=${encodeURIComponent(id)}`,
    schedule: `/schedules/view/?name=${encodeURIComponent(id)}`,
    "bulk-operation": `/bulk-operations/view/?id=${id}`,
  };
  return places[kind] ?? null;
}

function who(entry: Entry): string {
  const { kind, key_id, user_id } = entry.actor;
  return kind === "system" ? "eQueue" : `${kind} ${(kind === "key" ? key_id : user_id) ?? ""}`;
}

const COLUMNS: readonly Column<Entry>[] = [
  { id: "at", header: "When", className: "w-px", cell: ({ at }) => <Instant at={at} /> },
  {
    id: "what",
    header: "What",
    className: "w-full lg:w-1/3",
    cell: (entry) => {
      const href = place(entry.target_kind, entry.target_id);
      const target = `${entry.target_kind} ${entry.target_id}`;
      return (
        <div className="grid">
          <span className="font-medium">{entry.action}</span>
          {href ? (
            <TextLink href={href} className="text-xs">
              {target}
            </TextLink>
          ) : (
            <bdi className="anywhere text-xs text-muted">{target}</bdi>
          )}
        </div>
      );
    },
  },
  { id: "who", header: "Who", from: "md", cell: (entry) => <span className="anywhere text-xs">{who(entry)}</span> },
  {
    id: "change",
    header: "Before and after",
    from: "lg",
    className: "w-1/3",
    cell: ({ before, after }) => (
      <code className="anywhere line-clamp-3 text-2xs text-muted">
        {shown(`${stringifyExact(before)} → ${stringifyExact(after)}`)}
      </code>
    ),
  },
];

/** Who did what, the newest first. */
export function Audit(): ReactNode {
  const [state, set] = useQueryStates(STATE, { history: "push" });
  const query = useQuery(auditQuery(state));
  return (
    <>
      <div className="flex flex-wrap gap-2">
        <NameFilter label="Action" value={state.action} onChange={(action) => void set({ action, cursor: null })} />
        <NameFilter
          label="Kind"
          value={state.target_kind}
          onChange={(target_kind) => void set({ target_kind, cursor: null })}
        />
        <NameFilter
          label="Id"
          value={state.target_id}
          onChange={(target_id) => void set({ target_id, cursor: null })}
        />
      </div>
      <div className="card min-w-0 overflow-clip">
        <Shown query={query}>
          {(data) =>
            data.items.length === 0 ? (
              <Empty icon={ScrollText} title="Nothing of that kind was done" />
            ) : (
              <DataTable label="Audit log" columns={COLUMNS} rows={data.items} rowId={({ id }) => id} />
            )
          }
        </Shown>
      </div>
      <Pager
        previous={query.data?.prev_cursor}
        next={query.data?.next_cursor}
        onTurn={(cursor) => void set({ cursor })}
      />
    </>
  );
}
