"use client";

import { useQuery } from "@tanstack/react-query";
import { clsx } from "clsx";
import type { ReactNode } from "react";
import { jobCountQuery } from "@/api/queries";
import { count } from "@/lib/words";
import { type Status, StatusIcon, STATUSES } from "@/ui/status";
import { statusOf, withoutStatus, withStatus } from "./filter";

/** One tab a status, each with how many jobs the rest of the filter means. */
export function StatusTabs({ q, onAsk }: { q: string; onAsk: (q: string) => void }): ReactNode {
  const rest = withoutStatus(q);
  const { data } = useQuery(jobCountQuery(rest));
  const here = statusOf(q);
  const all = !/(^|[\s(])-?status:/.test(q);
  const figures = data?.by_status as Record<Status, { value: number; capped: boolean }> | undefined;
  return (
    <div role="group" aria-label="Status" className="flex flex-wrap gap-1">
      <Tab on={all} onClick={() => onAsk(rest)} figure={data?.total}>
        all
      </Tab>
      {STATUSES.map((status) => (
        <Tab key={status} on={here === status} onClick={() => onAsk(withStatus(q, status))} figure={figures?.[status]}>
          <StatusIcon status={status} /> {status}
        </Tab>
      ))}
    </div>
  );
}

interface TabProps {
  on: boolean;
  onClick: () => void;
  figure: { value: number; capped: boolean } | undefined;
  children: ReactNode;
}

function Tab({ on, onClick, figure, children }: TabProps): ReactNode {
  return (
    <button
      type="button"
      aria-pressed={on}
      onClick={onClick}
      className={clsx(
        "inline-flex h-8 items-center gap-1.5 rounded-md px-2.5 text-sm",
        on ? "bg-accent-soft font-medium text-accent" : "text-muted hover:bg-hover hover:text-text",
      )}
    >
      {children}
      <span className="min-w-4 text-right text-xs">{figure ? count(figure.value, figure.capped) : "·"}</span>
    </button>
  );
}
