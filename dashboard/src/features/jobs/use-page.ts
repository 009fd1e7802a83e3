/** One page of jobs that stays where it is: its rows are kept fresh, and what is new is counted, not pushed in. */
"use client";

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api } from "@/api/client";
import { jobCountQuery, type JobRow, type JobsAsked, jobsQuery } from "@/api/queries";
import { again } from "@/lib/again";
import { heardTime } from "@/lib/clock";
import { and } from "./filter";

const EMPTY_AGAIN_MS = 3000;
const NONE: readonly JobRow[] = [];

export function useJobsPage(asked: JobsAsked) {
  const page = useQuery({
    ...jobsQuery(asked),
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
    refetchInterval: ({ state }) => again(state.error) || (state.data?.items.length === 0 ? EMPTY_AGAIN_MS : false),
    meta: { still: true },
  });
  const listed = page.data?.items ?? NONE;
  const ids = listed.map(({ id }) => id);
  const fresh = useQuery({
    queryKey: ["jobs", "rows", ids],
    queryFn: async ({ signal }) => {
      const answer = await api.get("/api/v1/jobs", { query: { id: ids, limit: Math.max(1, ids.length) }, signal });
      heardTime(answer.server_time);
      return new Map(answer.items.map((job) => [job.id, job]));
    },
    enabled: ids.length > 0,
    initialData: () => new Map(listed.map((job) => [job.id, job])),
    initialDataUpdatedAt: page.dataUpdatedAt,
  });
  const newest = listed[0]?.created_at;
  const counts = asked.sort === "-created_at" && asked.cursor === null && newest !== undefined;
  const since = useQuery({
    ...jobCountQuery(counts ? and(asked.q, `created:>${newest}`) : ""),
    enabled: counts,
    placeholderData: keepPreviousData,
  });
  const rows = listed.map((job) => fresh.data.get(job.id)).filter((job) => job !== undefined);
  const added = counts && !since.isPlaceholderData ? (since.data?.total ?? null) : null;
  return { page, rows, added: added !== null && added.value > 0 ? added : null };
}
