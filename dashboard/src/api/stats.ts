/** What the views of figures ask. */
"use client";

import { queryOptions } from "@tanstack/react-query";
import { heardTime } from "@/lib/clock";
import { api, type Schemas } from "./client";

export type Capped = Schemas["CountOut"];
export type Latency = Schemas["LatencyOut"];
export type Point = Schemas["PointOut"];
export type QueueFigures = Schemas["QueueFigures"];
export type Stuck = Schemas["StuckOut"];
export type Overview = Schemas["OverviewOut"];
export type QueueStats = Schemas["QueueStats"];

const STEADY_MS = 10_000;
const SLOW_MS = 60_000;

function timed<T extends { server_time: string }>(answer: T): T {
  heardTime(answer.server_time);
  return answer;
}

export const overviewQuery = queryOptions({
  queryKey: ["jobs", "overview"],
  queryFn: async ({ signal }) => timed(await api.get("/api/v1/stats/overview", { signal })),
  refetchInterval: STEADY_MS,
});

export const queueStatsQuery = (name: string) =>
  queryOptions({
    queryKey: ["jobs", "queue-stats", name],
    queryFn: async ({ signal }) => timed(await api.get("/api/v1/queues/{name}/stats", { path: { name }, signal })),
    refetchInterval: STEADY_MS,
    enabled: name !== "",
  });

export const taskSeriesQuery = (task: string) =>
  queryOptions({
    queryKey: ["jobs", "series", task],
    queryFn: async ({ signal }) =>
      timed(await api.get("/api/v1/stats/series", { query: { step: "minute", task: [task] }, signal })),
    refetchInterval: SLOW_MS,
  });
