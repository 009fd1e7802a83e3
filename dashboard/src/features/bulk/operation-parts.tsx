"use client";

import { Ban, CircleCheck, CircleDashed, CirclePlay, CircleX, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { count } from "@/lib/words";
import { Badge, type Tone } from "@/ui/badge";
import type { Operation, Selector } from "./api";

const LOOKS: Record<Operation["status"], readonly [Tone, LucideIcon]> = {
  pending: ["idle", CircleDashed],
  running: ["accent", CirclePlay],
  finished: ["good", CircleCheck],
  aborted: ["idle", Ban],
  failed: ["bad", CircleX],
};

export function OperationStatus({ operation }: { operation: Operation }): ReactNode {
  const [tone, icon] = LOOKS[operation.status];
  return (
    <Badge tone={tone} icon={icon}>
      {operation.status}
    </Badge>
  );
}

/** How much of what was expected is done. */
export function Share({ operation }: { operation: Operation }): ReactNode {
  const { expected, done, skipped, failed } = operation;
  const behind = done + skipped + failed;
  const most = Math.max(1, expected.value, behind);
  return (
    <div className="grid gap-1">
      <svg
        role="progressbar"
        aria-label="Done"
        aria-valuemin={0}
        aria-valuemax={most}
        aria-valuenow={behind}
        viewBox="0 0 100 4"
        preserveAspectRatio="none"
        className="h-1.5 w-full rounded-full bg-sunken"
      >
        <rect width={(behind / most) * 100} height="4" className="fill-accent" />
      </svg>
      <span className="text-xs whitespace-nowrap">
        {count(done)} of {count(expected.value, expected.capped)}
      </span>
    </div>
  );
}

/** Return a selection of jobs as people write it. */
export function filterText(filter: Selector): string {
  const lists = {
    status: filter.status,
    queue: filter.queue,
    task: filter.task,
    tag: filter.tag,
    fingerprint: filter.fingerprint,
  };
  const parts = Object.entries(lists).flatMap(([name, values]) =>
    values?.length ? [`${name}:${values.join(",")}`] : [],
  );
  if (filter.q) parts.push(filter.q);
  if (filter.ids?.length) parts.push(`${filter.ids.length} chosen by id`);
  if (filter.created_after) parts.push(`created:>${filter.created_after}`);
  if (filter.created_before) parts.push(`created:<${filter.created_before}`);
  return parts.join(" ");
}
