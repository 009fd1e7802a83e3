"use client";

import type { JobRow } from "@/api/queries";
import type { Column } from "@/ui/table";
import type { Selection } from "./selection";

/** The column in which jobs are chosen. */
export function choiceColumn(selection: Selection, rows: number): Column<JobRow> {
  return {
    id: "choice",
    className: "w-8 !pr-0",
    header: (
      <input
        type="checkbox"
        aria-label="Choose all on this page"
        className="size-4 align-middle accent-(--accent)"
        checked={rows > 0 && selection.ids.size >= rows}
        onChange={selection.togglePage}
      />
    ),
    cell: (job) => (
      <input
        type="checkbox"
        aria-label={`Choose ${job.task} ${job.id}`}
        className="mt-0.5 size-4 accent-(--accent)"
        checked={selection.ids.has(job.id)}
        onChange={(event) => selection.toggle(job.id, (event.nativeEvent as MouseEvent).shiftKey === true)}
      />
    ),
  };
}
