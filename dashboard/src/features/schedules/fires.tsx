"use client";

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { api, type Schemas } from "@/api/client";
import { heardTime } from "@/lib/clock";
import { TextLink } from "@/ui/link";
import { Empty } from "@/ui/states";
import { StatusBadge } from "@/ui/status";
import { Instant } from "@/ui/time";

const SHOWN = 20;

/** What a schedule fired, and what became of it. */
export function Fires({ fires }: { fires: readonly Schemas["FireOut"][] }): ReactNode {
  const shown = fires.slice(0, SHOWN);
  const ids = shown.map(({ job_id }) => job_id);
  const { data } = useQuery({
    queryKey: ["jobs", "fires", ids],
    queryFn: async ({ signal }) => {
      const answer = await api.get("/api/v1/jobs", { query: { id: ids, limit: Math.max(1, ids.length) }, signal });
      heardTime(answer.server_time);
      return new Map(answer.items.map((job) => [job.id, job]));
    },
    enabled: ids.length > 0,
  });
  if (shown.length === 0) return <Empty title="It has not fired yet" />;
  return (
    <ul className="divide-y divide-line">
      {shown.map((fire) => {
        const job = data?.get(fire.job_id);
        return (
          <li key={fire.job_id} className="flex flex-wrap items-center justify-between gap-2 px-4 py-2 text-sm">
            <TextLink href={`/jobs/view/?id=${fire.job_id}`}>
              <Instant at={fire.fire_at} />
            </TextLink>
            <span className="flex items-center gap-2">
              {fire.manual ? <span className="text-xs text-muted">by hand</span> : null}
              {job ? (
                <StatusBadge status={job.status} />
              ) : (
                <span className="text-xs text-faint">{data ? "deleted" : ""}</span>
              )}
            </span>
          </li>
        );
      })}
    </ul>
  );
}
