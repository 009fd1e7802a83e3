"use client";

import { CircleCheck, CirclePause, Hourglass } from "lucide-react";
import type { ReactNode } from "react";
import type { Schemas } from "@/api/client";
import { TextLink } from "@/ui/link";

export type Reason = Schemas["JobExplanation"]["reasons"][number];

interface Props {
  ready: boolean | null;
  reasons: readonly Reason[];
  /** What to say where nothing keeps anything. */
  idle: string;
}

/** Reasons in words: what keeps something back first, then what there is beside. */
export function Reasons({ ready, reasons, idle }: Props): ReactNode {
  return (
    <ul className="grid gap-2">
      {ready ? (
        <li className="flex items-center gap-2 text-sm">
          <CircleCheck aria-hidden size={16} className="shrink-0 text-good" /> {idle}
        </li>
      ) : null}
      {reasons.map((reason, index) => (
        <li key={`${reason.code}-${index}`} className="flex items-start gap-2 text-sm">
          <Sign reason={reason} />
          <div className="min-w-0">
            <p className="anywhere">{reason.detail}</p>
            <Holders reason={reason} />
          </div>
        </li>
      ))}
    </ul>
  );
}

function Sign({ reason }: { reason: Reason }): ReactNode {
  const Icon = reason.code === "paused" ? CirclePause : Hourglass;
  return (
    <span className="mt-0.5 shrink-0">
      <Icon aria-hidden size={16} className={reason.blocks ? "text-warn" : "text-faint"} />
      <span className="sr-only">{reason.blocks ? "It is kept back:" : "Beside that:"}</span>
    </span>
  );
}

const SHOWN = 5;

function Holders({ reason }: { reason: Reason }): ReactNode {
  if (!("holders" in reason) || reason.holders.length === 0) return null;
  return (
    <ul className="mt-1 text-xs text-muted">
      {reason.holders.slice(0, SHOWN).map((holder) => (
        <li key={holder.job_id} className="anywhere">
          a place is held by <TextLink href={`/jobs/view/?id=${holder.job_id}`}>{holder.job_id}</TextLink>
        </li>
      ))}
    </ul>
  );
}
