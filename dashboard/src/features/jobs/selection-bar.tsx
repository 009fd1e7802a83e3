"use client";

import { type ReactNode, useState } from "react";
import { useMay } from "@/lib/access";
import { several } from "@/lib/words";
import { type Action, VERBS } from "@/features/bulk/api";
import { BulkDialog } from "@/features/bulk/bulk-dialog";
import { Button } from "@/ui/button";
import type { Selection } from "./selection";

const STEERING: readonly Action[] = ["retry", "cancel", "run-now", "move"];

/** What can be done with the chosen jobs; each step is previewed. */
export function SelectionBar({ selection, q, onPage }: { selection: Selection; q: string; onPage: number }): ReactNode {
  const [action, setAction] = useState<Action | null>(null);
  const mayDelete = useMay("admin");
  const chosen = selection.ids.size;
  if (chosen === 0) return null;
  const actions: readonly Action[] = mayDelete ? [...STEERING, "delete"] : STEERING;
  return (
    <div
      role="region"
      aria-label="Chosen jobs"
      className="flex flex-wrap items-center gap-2 border-b border-line bg-accent-soft px-4 py-2 text-sm"
    >
      <span className="font-medium">
        {selection.all ? "All jobs that the filter means" : `${several(chosen, "job")} chosen`}
      </span>
      {!selection.all && chosen >= onPage && q.trim() !== "" ? (
        <Button small tone="ghost" onClick={selection.takeAll}>
          Choose all that the filter means
        </Button>
      ) : null}
      <span className="flex flex-wrap gap-1.5">
        {actions.map((each) => (
          <Button key={each} small tone={each === "delete" ? "danger" : "plain"} onClick={() => setAction(each)}>
            {VERBS[each]}
          </Button>
        ))}
      </span>
      <Button small tone="ghost" onClick={selection.clear}>
        Choose none
      </Button>
      {action ? (
        <BulkDialog
          action={action}
          filter={selection.all ? { q } : { ids: [...selection.ids] }}
          onClose={() => setAction(null)}
          onBegun={selection.clear}
        />
      ) : null}
    </div>
  );
}
