"use client";

import type { ReactNode } from "react";
import { useNow } from "@/lib/clock";
import { useZone } from "@/lib/preferences";
import { between, duration, exact, relative, short } from "@/lib/words";

/** An instant as seen from now; the exact value is told on hover and to screen readers. */
export function When({ at, absent = "–" }: { at: string | null | undefined; absent?: string }): ReactNode {
  const now = useNow();
  const zone = useZone();
  if (!at) return <span className="text-faint">{absent}</span>;
  return (
    <time dateTime={at} title={exact(at, zone)} className="whitespace-nowrap">
      {relative(Date.parse(at), now)}
    </time>
  );
}

/** An instant to the second, for where the order of things matters. */
export function Instant({ at }: { at: string | null | undefined }): ReactNode {
  const zone = useZone();
  if (!at) return <span className="text-faint">–</span>;
  return (
    <time dateTime={at} title={exact(at, zone)} className="whitespace-nowrap">
      {short(at, zone)}
    </time>
  );
}

/** How long something took, or has taken so far. */
export function Took({ from, to }: { from: string | null | undefined; to: string | null | undefined }): ReactNode {
  const now = useNow();
  if (!from) return <span className="text-faint">–</span>;
  const seconds = Math.max(0, between(from, to ?? now));
  return (
    <span title={`${seconds.toFixed(6)} s`} className="whitespace-nowrap">
      {duration(seconds)}
    </span>
  );
}
