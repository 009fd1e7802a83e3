/** The state of the list of jobs, all of it in the URL. */
"use client";

import { parseAsArrayOf, parseAsInteger, parseAsString, parseAsStringLiteral, useQueryStates } from "nuqs";
import { useMemo } from "react";
import type { JobsAsked } from "@/api/queries";

const STATE = {
  q: parseAsString.withDefault(""),
  sort: parseAsStringLiteral(["-created_at", "created_at"] as const).withDefault("-created_at"),
  limit: parseAsInteger.withDefault(50),
  cursor: parseAsString,
  hide: parseAsArrayOf(parseAsString).withDefault([]),
};

export interface JobsUrl {
  asked: JobsAsked;
  hide: string[];
  /** Ask for other jobs: from the beginning, and as a step that Back takes back. */
  ask: (change: { q?: string; sort?: JobsAsked["sort"]; limit?: number }) => void;
  turn: (cursor: string | null) => void;
  setHide: (hide: string[]) => void;
}

export function useJobsUrl(): JobsUrl {
  const [state, set] = useQueryStates(STATE, { history: "push" });
  const { q, sort, limit, cursor, hide } = state;
  return useMemo(
    () => ({
      asked: { q, sort, limit: Math.min(200, Math.max(1, limit)), cursor },
      hide,
      ask: (change) => void set({ ...change, cursor: null }),
      turn: (next) => void set({ cursor: next }),
      setHide: (next) => void set({ hide: next }, { history: "replace" }),
    }),
    [q, sort, limit, cursor, hide, set],
  );
}
