/** What views ask: a key whose first part is the topic that makes it stale, and the call. */
"use client";

import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { again } from "@/lib/again";
import { heardTime } from "@/lib/clock";
import { api, type Schemas } from "./client";

export type Job = Schemas["JobAnswer"];
export type JobRow = Schemas["JobOut"];
export type Me = Schemas["MeAnswer"];
export type Role = Schemas["Role"];
export type Scope = Schemas["Scope"];

function timed<T extends { server_time: string }>(answer: T): T {
  heardTime(answer.server_time);
  return answer;
}

export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: ({ signal }) => api.get("/api/v1/me", { signal }),
  staleTime: 60_000,
  meta: { still: true },
});

export interface JobsAsked {
  q: string;
  sort: "-created_at" | "created_at";
  limit: number;
  cursor: string | null;
}

export const jobsQuery = ({ q, sort, limit, cursor }: JobsAsked, name = "page") =>
  queryOptions({
    queryKey: ["jobs", "list", name, q, sort, limit, cursor],
    queryFn: async ({ signal }) =>
      timed(await api.get("/api/v1/jobs", { query: { q, sort, limit, ...(cursor ? { cursor } : {}) }, signal })),
    placeholderData: keepPreviousData,
  });

export const jobCountQuery = (q: string) =>
  queryOptions({
    queryKey: ["jobs", "count", q],
    queryFn: ({ signal }) => api.get("/api/v1/jobs/count", { query: { q }, signal }),
    placeholderData: keepPreviousData,
  });

export const jobQuery = (job_id: string) =>
  queryOptions({
    queryKey: ["jobs", "one", job_id],
    queryFn: async ({ signal }) => timed(await api.get("/api/v1/jobs/{job_id}", { path: { job_id }, signal })),
    enabled: job_id !== "",
  });

export const attemptsQuery = (job_id: string) =>
  queryOptions({
    queryKey: ["jobs", "attempts", job_id],
    queryFn: async ({ signal }) =>
      timed(await api.get("/api/v1/jobs/{job_id}/attempts", { path: { job_id }, query: { limit: 100 }, signal })),
  });

export const tasksQuery = queryOptions({
  queryKey: ["tasks", "list"],
  queryFn: ({ signal }) => api.get("/api/v1/tasks", { signal }),
});

export const taskQuery = (task_id: string) =>
  queryOptions({
    queryKey: ["tasks", "one", task_id],
    queryFn: ({ signal }) => api.get("/api/v1/tasks/{task_id}", { path: { task_id }, signal }),
    enabled: task_id !== "",
  });

export const queuesQuery = queryOptions({
  queryKey: ["queues", "list"],
  queryFn: ({ signal }) => api.get("/api/v1/queues", { signal }),
});

export const queueQuery = (name: string) =>
  queryOptions({
    queryKey: ["queues", "one", name],
    queryFn: ({ signal }) => api.get("/api/v1/queues/{name}", { path: { name }, signal }),
    enabled: name !== "",
  });

export const explainJobQuery = (job_id: string) =>
  queryOptions({
    queryKey: ["jobs", "explain", job_id],
    queryFn: async ({ signal }) => timed(await api.get("/api/v1/jobs/{job_id}/explain", { path: { job_id }, signal })),
    retry: false,
    refetchInterval: 5000,
  });

export const explainQueueQuery = (name: string) =>
  queryOptions({
    queryKey: ["jobs", "explain-queue", name],
    queryFn: async ({ signal }) => timed(await api.get("/api/v1/queues/{name}/explain", { path: { name }, signal })),
    retry: false,
    refetchInterval: 5000,
    enabled: name !== "",
  });

export const schedulesQuery = queryOptions({
  queryKey: ["schedules", "list"],
  queryFn: ({ signal }) => api.get("/api/v1/schedules", { query: { limit: 200 }, signal }),
  refetchInterval: 10_000,
});

export const scheduleQuery = (schedule: string) =>
  queryOptions({
    queryKey: ["schedules", "one", schedule],
    queryFn: ({ signal }) => api.get("/api/v1/schedules/{schedule}", { path: { schedule }, signal }),
    enabled: schedule !== "",
    refetchInterval: 10_000,
  });

export interface GroupsAsked {
  queue: string;
  task: string;
  cursor: string | null;
}

export const groupsQuery = ({ queue, task, cursor }: GroupsAsked) =>
  queryOptions({
    queryKey: ["dead-letters", "groups", queue, task, cursor],
    queryFn: ({ signal }) =>
      api.get("/api/v1/dead-letters/groups", {
        query: {
          limit: 50,
          ...(queue ? { queue: [queue] } : {}),
          ...(task ? { task: [task] } : {}),
          ...(cursor ? { cursor } : {}),
        },
        signal,
      }),
    placeholderData: keepPreviousData,
  });

const MOVING_MS = 1000;
const UNDER_WAY = new Set(["pending", "running"]);

export const operationsQuery = (cursor: string | null) =>
  queryOptions({
    queryKey: ["bulk-operations", "list", cursor],
    queryFn: ({ signal }) =>
      api.get("/api/v1/bulk-operations", { query: { limit: 50, ...(cursor ? { cursor } : {}) }, signal }),
    refetchInterval: ({ state }) =>
      state.data?.items.some(({ status }) => UNDER_WAY.has(status)) ? MOVING_MS : again(state.error),
    placeholderData: keepPreviousData,
  });

export const operationQuery = (operation_id: string) =>
  queryOptions({
    queryKey: ["bulk-operations", "one", operation_id],
    queryFn: ({ signal }) => api.get("/api/v1/bulk-operations/{operation_id}", { path: { operation_id }, signal }),
    enabled: operation_id !== "",
    refetchInterval: ({ state }) => (state.data && UNDER_WAY.has(state.data.status) ? MOVING_MS : again(state.error)),
  });
