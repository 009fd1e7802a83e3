"use client";

import { useQuery } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { explainJobQuery, jobsQuery } from "@/api/queries";
import { quoted } from "@/features/jobs/filter";

/** Warns where jobs wait for a task that no live worker knows. */
export function Unserved({ task }: { task: string }): ReactNode {
  const waiting = useQuery(
    jobsQuery({ q: `status:queued task:${quoted(task)}`, sort: "created_at", limit: 1, cursor: null }, "unserved"),
  );
  const first = waiting.data?.items[0];
  const explained = useQuery({ ...explainJobQuery(first?.id ?? ""), enabled: first !== undefined });
  const reason = explained.data?.reasons.find(
    ({ code }) => code === "no-worker-for-task" || code === "no-worker-for-queue",
  );
  if (!reason) return null;
  return (
    <p role="alert" className="flex items-start gap-2 rounded-lg border border-warn/40 bg-warn-soft px-4 py-3 text-sm">
      <TriangleAlert aria-hidden size={16} className="mt-0.5 shrink-0 text-warn" />
      <span className="anywhere">Jobs of this task wait. {reason.detail}</span>
    </p>
  );
}
