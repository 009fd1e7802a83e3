"use client";

import type { ReactNode } from "react";
import { type Json, stringifyExact } from "@/api/json";

/** How far the job has come, in its own words. */
export function Progress({ value }: { value: unknown }): ReactNode {
  if (value === null || value === undefined) return <p className="text-sm text-muted">It has told no progress.</p>;
  const { done, total, text } = (typeof value === "object" ? value : {}) as { [member: string]: Json };
  if (typeof done !== "number") return <code className="anywhere text-xs">{stringifyExact(value)}</code>;
  const share = typeof total === "number" && total > 0 ? Math.min(1, Math.max(0, done / total)) : null;
  return (
    <div className="grid gap-1">
      {share !== null ? (
        <svg
          role="progressbar"
          aria-label="Progress"
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round(share * 100)}
          viewBox="0 0 100 4"
          preserveAspectRatio="none"
          className="h-2 w-full rounded-full bg-sunken"
        >
          <rect width={share * 100} height="4" className="fill-accent" />
        </svg>
      ) : null}
      <p className="flex justify-between gap-2 text-sm">
        <span className="anywhere">{typeof text === "string" ? text : ""}</span>
        <span>{typeof total === "number" ? `${done} of ${total}` : String(done)}</span>
      </p>
    </div>
  );
}
