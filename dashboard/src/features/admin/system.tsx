"use client";

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Schemas } from "@/api/client";
import { systemQuery } from "@/api/admin-queries";
import { count, duration, size } from "@/lib/words";
import { Badge } from "@/ui/badge";
import { Facts, Section } from "@/ui/page";
import { Shown } from "@/ui/states";
import { type Column, DataTable } from "@/ui/table";
import { When } from "@/ui/time";

type Table = Schemas["TableOut"];

const COLUMNS: readonly Column<Table>[] = [
  { id: "name", header: "Table", className: "w-1/3", cell: ({ name }) => <span className="anywhere">{name}</span> },
  { id: "rows", header: "Rows", right: true, cell: ({ live_rows }) => count(live_rows) },
  { id: "dead", header: "Dead rows", from: "sm", right: true, cell: ({ dead_rows }) => count(dead_rows) },
  { id: "size", header: "Size", right: true, cell: ({ bytes }) => size(bytes) },
  { id: "indexes", header: "Indexes", from: "md", right: true, cell: ({ index_bytes }) => size(index_bytes) },
  {
    id: "vacuumed",
    header: "Vacuumed",
    from: "lg",
    right: true,
    cell: ({ vacuumed_at }) => <When at={vacuumed_at} absent="never" />,
  },
  {
    id: "analyzed",
    header: "Analysed",
    from: "lg",
    right: true,
    cell: ({ analyzed_at }) => <When at={analyzed_at} absent="never" />,
  },
];

/** What is below: the database, what hinders it, and the backend of hints. */
export function System(): ReactNode {
  const query = useQuery(systemQuery);
  return (
    <Shown query={query}>
      {({ version, database, queue }) => (
        <div className="grid items-start gap-4 lg:grid-cols-2">
          <Section title="Versions">
            <Facts
              facts={[
                ["eQueue", version],
                ["PostgreSQL", database.version],
                ["Schema", database.schema],
                ["Size", size(database.bytes)],
              ]}
            />
          </Section>
          <Section
            title="Hints"
            aside={<Badge tone={queue.ok ? "good" : "warn"}>{queue.ok ? "well" : "in trouble"}</Badge>}
          >
            <Facts
              facts={[
                ["Backend", queue.backend],
                ["Says", queue.detail || "–"],
                ["Troubles", count(queue.troubles)],
                ["Hints dropped", count(queue.dropped)],
              ]}
            />
          </Section>
          {database.vacuum_held_by.length > 0 ? (
            <Section title="What holds up vacuum">
              <ul className="grid gap-2 text-sm">
                {database.vacuum_held_by.map((holder) => (
                  <li key={`${holder.kind}-${holder.name}`} className="anywhere">
                    <b>{holder.kind}</b> {holder.name}, {count(holder.transactions)} transactions back
                    {holder.age_s === null ? "" : `, for ${duration(holder.age_s)}`}. {holder.remedy}
                  </li>
                ))}
              </ul>
            </Section>
          ) : null}
          <div className="lg:col-span-2">
            <Section title="Tables" flush>
              <DataTable label="Tables" columns={COLUMNS} rows={database.tables} rowId={({ name }) => name} />
            </Section>
          </div>
        </div>
      )}
    </Shown>
  );
}
