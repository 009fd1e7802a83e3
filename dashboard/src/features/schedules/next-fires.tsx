"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type ReactNode, useMemo } from "react";
import { api } from "@/api/client";
import { told } from "@/api/problem";
import { useSettled } from "@/lib/settled";
import { Loading } from "@/ui/states";
import { When } from "@/ui/time";

export interface Rhythm {
  cron: string | null;
  every_s: number | null;
  zone: string;
}

const COUNT = 5;

export function previewQuery({ cron, every_s, zone }: Rhythm) {
  return {
    queryKey: ["schedules", "preview", cron, every_s, zone],
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      api.post("/api/v1/schedules/preview", {
        body: { zone, count: COUNT, ...(cron === null ? { every_s } : { cron }) },
        signal,
      }),
    retry: false,
    placeholderData: keepPreviousData,
  };
}

/** The next five fire times as clocks there show them, with what happens when clocks change. */
export function NextFires({ rhythm }: { rhythm: Rhythm }): ReactNode {
  const { cron, every_s, zone } = rhythm;
  const settled = useSettled(useMemo(() => ({ cron, every_s, zone }), [cron, every_s, zone]));
  const { data, error } = useQuery(previewQuery(settled));
  if (error) {
    return (
      <p role="alert" className="anywhere text-sm text-bad">
        {told(error)}
      </p>
    );
  }
  if (!data) return <Loading rows={COUNT} />;
  return (
    <div className="grid gap-2">
      <p className="text-sm font-medium">{data.words}</p>
      <ol aria-label="Next fire times" className="grid gap-1 text-sm">
        {data.items.map((fire) => (
          <li key={fire.fire_at} className="flex flex-wrap justify-between gap-x-3">
            <span>{clockThere(fire.local)}</span>
            <span className="text-muted">
              <When at={fire.fire_at} />
            </span>
            {fire.note ? <span className="w-full text-xs text-warn">{fire.note}</span> : null}
          </li>
        ))}
      </ol>
      {data.clocks ? <p className="text-xs text-muted">{data.clocks}</p> : null}
    </div>
  );
}

/** Return what the clock there shows: 2026-11-23 09:00:00 +01:00. */
function clockThere(local: string): string {
  return local.replace("T", " ").replace(/(\d)([+-]\d\d:\d\d)$/, "$1 $2");
}
