/** Statistics: what the API answers on routes that its document does not list yet; they move to `queries.ts` with it. */
"use client";

import { queryOptions } from "@tanstack/react-query";
import { heardTime } from "@/lib/clock";
import { address, type Schemas, send } from "./client";
import { parseAnswer } from "./json";
import { raise } from "./session";

export interface Capped {
  value: number;
  capped: boolean;
}

export interface Latency {
  count: number;
  p50_s: number | null;
  p95_s: number | null;
  p99_s: number | null;
}

export interface Point {
  at: string;
  enqueued: number;
  done: number;
  succeeded: number;
  dead: number;
  cancelled: number;
  failed: number;
  retried: number;
  wait: Latency;
  run: Latency;
}

export interface QueueFigures {
  name: string;
  ready: Capped;
  scheduled: Capped;
  running: Capped;
  retrying: Capped;
  dead: number;
  oldest_ready_s: number | null;
}

export interface Stuck {
  job_id: string;
  task: string;
  queue: string;
  worker_id: string;
  started_at: string | null;
  overdue_s: number;
}

export interface Overview {
  server_time: string;
  tiles: {
    ready: Capped;
    scheduled: Capped;
    running: Capped;
    retrying: Capped;
    dead: number;
    enqueued_per_minute: number;
    done_per_minute: number;
  };
  history: Point[];
  latency: { wait: Latency; run: Latency };
  queues: QueueFigures[];
  errors: Schemas["GroupOut"][];
  stuck: Stuck[];
}

export interface QueueStats extends QueueFigures {
  server_time: string;
  enqueued_per_minute: number;
  done_per_minute: number;
  latency: { wait: Latency; run: Latency };
  history: Point[];
}

export interface Series {
  step: "minute" | "hour";
  items: Point[];
  server_time: string;
}

async function read<T extends { server_time: string }>(
  path: string,
  query: Record<string, unknown>,
  signal: AbortSignal,
): Promise<T> {
  const response = await send("get", address(path, {}, query), { signal });
  const text = await response.text();
  if (!response.ok) raise(text, response.status);
  const answer = parseAnswer(text) as T;
  heardTime(answer.server_time);
  return answer;
}

const STEADY_MS = 10_000;

export const overviewQuery = queryOptions({
  queryKey: ["jobs", "overview"],
  queryFn: ({ signal }) => read<Overview>("/api/v1/stats/overview", {}, signal),
  refetchInterval: STEADY_MS,
});

export const queueStatsQuery = (name: string) =>
  queryOptions({
    queryKey: ["jobs", "queue-stats", name],
    queryFn: ({ signal }) => read<QueueStats>(`/api/v1/queues/${encodeURIComponent(name)}/stats`, {}, signal),
    refetchInterval: STEADY_MS,
    enabled: name !== "",
  });

export const seriesQuery = (query: { step: "minute" | "hour"; queue?: string; task?: string }) =>
  queryOptions({
    queryKey: ["jobs", "series", query],
    queryFn: ({ signal }) => read<Series>("/api/v1/stats/series", query, signal),
    refetchInterval: 60_000,
  });
