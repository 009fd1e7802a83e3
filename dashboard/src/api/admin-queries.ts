/** What the views of people, keys, the audit log and the system ask. */
"use client";

import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { heardTime } from "@/lib/clock";
import { api } from "./client";

export const usersQuery = queryOptions({
  queryKey: ["users", "list"],
  queryFn: ({ signal }) => api.get("/api/v1/users", { query: { limit: 200 }, signal }),
});

export const keysQuery = (user_id: string | null) =>
  queryOptions({
    queryKey: ["keys", "list", user_id],
    queryFn: ({ signal }) =>
      api.get("/api/v1/api-keys", { query: { limit: 200, ...(user_id ? { user_id } : {}) }, signal }),
  });

export interface AuditAsked {
  action: string;
  target_kind: string;
  target_id: string;
  cursor: string | null;
}

export const auditQuery = ({ action, target_kind, target_id, cursor }: AuditAsked) =>
  queryOptions({
    queryKey: ["audit", action, target_kind, target_id, cursor],
    queryFn: ({ signal }) =>
      api.get("/api/v1/audit", {
        query: {
          limit: 50,
          ...(action ? { action } : {}),
          ...(target_kind ? { target_kind } : {}),
          ...(target_id ? { target_id } : {}),
          ...(cursor ? { cursor } : {}),
        },
        signal,
      }),
    placeholderData: keepPreviousData,
  });

export const systemQuery = queryOptions({
  queryKey: ["system"],
  queryFn: async ({ signal }) => {
    const answer = await api.get("/api/v1/system", { signal });
    heardTime(answer.server_time);
    return answer;
  },
  refetchInterval: 10_000,
});
