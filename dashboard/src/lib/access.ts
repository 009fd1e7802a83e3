/** What the person who is signed in may do; what is not allowed is not shown. */
"use client";

import { useQuery } from "@tanstack/react-query";
import { type Me, meQuery, type Scope } from "@/api/queries";

export function useMe(): Me | undefined {
  return useQuery(meQuery).data;
}

/** Tell whether the person has a scope. */
export function useMay(scope: Scope): boolean {
  return useMe()?.scopes.includes(scope) ?? false;
}

/** Tell whether the person may cancel, retry and re-run a job: anybody's, or the own ones. */
export function useSteers(owner: string | null | undefined): boolean {
  const me = useMe();
  if (me === undefined) return false;
  return me.scopes.includes("jobs:admin") || (me.scopes.includes("jobs:write") && owner === me.user_id);
}
