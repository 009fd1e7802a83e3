"use client";

import { columnVisibilityFeature, type ColumnDef, tableFeatures, useTable } from "@tanstack/react-table";
import { clsx } from "clsx";
import type { ReactNode } from "react";

const features = tableFeatures({ columnVisibilityFeature });
const NO_HIDDEN: readonly string[] = [];

/** From which width on a column has room: what counts most is there on a telephone too. */
export type From = "all" | "sm" | "md" | "lg" | "xl";
const FROM: Record<From, string> = {
  all: "",
  sm: "hidden sm:table-cell",
  md: "hidden md:table-cell",
  lg: "hidden lg:table-cell",
  xl: "hidden xl:table-cell",
};

export interface Column<T> {
  id: string;
  header: ReactNode;
  cell: (row: T) => ReactNode;
  from?: From;
  right?: boolean;
  className?: string;
}

interface Props<T> {
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  rowId: (row: T) => string;
  hidden?: readonly string[];
  marked?: (row: T) => boolean;
}

/** Rows and columns as a real table. Keep `columns` stable. */
export function DataTable<T extends object>({
  label,
  columns,
  rows,
  rowId,
  hidden = NO_HIDDEN,
  marked,
}: Props<T>): ReactNode {
  const byId = new Map(columns.map((column) => [column.id, column]));
  const table = useTable({
    features,
    columns: columns.map((column): ColumnDef<typeof features, T> => ({ id: column.id, header: column.id })),
    data: rows as T[],
    getRowId: rowId,
    state: { columnVisibility: Object.fromEntries(hidden.map((id) => [id, false])) },
  });
  const look = (id: string): string => {
    const column = byId.get(id);
    return clsx(FROM[column?.from ?? "all"], column?.right && "text-right", column?.className);
  };
  return (
    <table aria-label={label} className="w-full table-auto border-collapse text-sm">
      <thead>
        {table.getHeaderGroups().map((group) => (
          <tr key={group.id} className="border-b border-line text-left text-xs text-muted">
            {group.headers.map(({ column }) => (
              <th
                key={column.id}
                scope="col"
                className={clsx("px-3 py-2 font-medium first:pl-4 last:pr-4", look(column.id))}
              >
                {byId.get(column.id)?.header}
              </th>
            ))}
          </tr>
        ))}
      </thead>
      <tbody>
        {table.getRowModel().rows.map((row) => (
          <tr
            key={row.id}
            className={clsx(
              "border-b border-line last:border-0 hover:bg-hover/60",
              marked?.(row.original) && "bg-accent-soft",
            )}
          >
            {row.getVisibleCells().map((cell) => (
              <td key={cell.id} className={clsx("px-3 py-1.5 align-top first:pl-4 last:pr-4", look(cell.column.id))}>
                {byId.get(cell.column.id)?.cell(row.original)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
