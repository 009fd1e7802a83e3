"use client";

import { useQueryClient } from "@tanstack/react-query";
import { ChevronLeft, ChevronRight, SearchX } from "lucide-react";
import { type ReactNode, useMemo } from "react";
import { Problem } from "@/api/problem";
import { useMay } from "@/lib/access";
import { count } from "@/lib/words";
import { Button } from "@/ui/button";
import { Page } from "@/ui/page";
import { Empty, Failure, Loading } from "@/ui/states";
import { DataTable } from "@/ui/table";
import { Instant } from "@/ui/time";
import { choiceColumn } from "./choice";
import { JOB_COLUMNS } from "./columns";
import { FilterBox } from "./filter-box";
import { NoJobs } from "./no-jobs";
import { SelectionBar } from "./selection-bar";
import { useSelection } from "./selection";
import { StatusTabs } from "./tabs";
import { Tools } from "./tools";
import { useJobsUrl } from "./url";
import { useJobsPage } from "./use-page";

/** The list of jobs: what is asked is in the URL, what is shown stays where it is. */
export function JobsView(): ReactNode {
  const url = useJobsUrl();
  const { asked } = url;
  const { page, rows, added } = useJobsPage(asked);
  const client = useQueryClient();
  const may = useMay("jobs:admin");
  const selection = useSelection(useMemo(() => rows.map(({ id }) => id), [rows]));
  const columns = useMemo(
    () => (may ? [choiceColumn(selection, rows.length), ...JOB_COLUMNS] : JOB_COLUMNS),
    [may, selection, rows.length],
  );
  const renew = (): void => void client.invalidateQueries({ queryKey: ["jobs", "list"] });
  return (
    <Page title="Jobs" actions={<Tools url={url} />}>
      <StatusTabs q={asked.q} onAsk={(q) => url.ask({ q })} />
      <FilterBox q={asked.q} error={page.error} onAsk={(q) => url.ask({ q })} />
      <div className="card min-w-0 overflow-clip aria-busy:opacity-60" aria-busy={page.isPlaceholderData}>
        {added ? (
          <button
            type="button"
            onClick={renew}
            className="block w-full border-b border-line bg-accent-soft py-1.5 text-center text-sm font-medium text-accent hover:underline"
          >
            {count(added.value, added.capped)} new
          </button>
        ) : null}
        <SelectionBar selection={selection} q={asked.q} onPage={rows.length} />
        {page.error instanceof Problem && page.error.status === 400 ? (
          <Empty icon={SearchX} title="Nothing is looked for">
            The filter above cannot be read.
          </Empty>
        ) : page.error ? (
          <Failure error={page.error} onRetry={() => void page.refetch()} />
        ) : page.data === undefined ? (
          <Loading rows={10} />
        ) : rows.length === 0 && !page.data.has_more ? (
          <NoJobs q={asked.q} onClear={() => url.ask({ q: "" })} />
        ) : (
          <DataTable
            label="Jobs"
            columns={columns}
            rows={rows}
            rowId={(job) => job.id}
            hidden={url.hide}
            marked={(job) => selection.ids.has(job.id)}
          />
        )}
      </div>
      {page.data ? (
        <nav aria-label="Pages" className="flex flex-wrap items-center justify-between gap-2 text-sm text-muted">
          <span>
            {page.data.scanned_until ? (
              <>
                Looked at jobs back to <Instant at={page.data.scanned_until} />; the next page looks on from there.
              </>
            ) : (
              `${count(rows.length)} shown`
            )}
          </span>
          <span className="flex gap-2">
            <Button small disabled={!page.data.prev_cursor} onClick={() => url.turn(page.data.prev_cursor)}>
              <ChevronLeft aria-hidden size={14} /> Previous
            </Button>
            <Button small disabled={!page.data.next_cursor} onClick={() => url.turn(page.data.next_cursor)}>
              Next <ChevronRight aria-hidden size={14} />
            </Button>
          </span>
        </nav>
      ) : null}
    </Page>
  );
}
