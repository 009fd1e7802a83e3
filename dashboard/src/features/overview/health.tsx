"use client";

import { useQuery } from "@tanstack/react-query";
import { CircleCheck, CircleX, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import type { Overview } from "@/api/stats";
import { reach } from "@/api/session";
import { several } from "@/lib/words";
import { TextLink } from "@/ui/link";

interface Ready {
  status: string;
  checks: Record<string, { ok: boolean; detail: string }>;
}

interface Sentence {
  bad: boolean;
  text: string;
  href?: string;
}

const OLD_S = 60;

/** Says in sentences whether it is healthy; nothing to say is said too. */
export function Health({ overview }: { overview: Overview }): ReactNode {
  const ready = useQuery({
    queryKey: ["ready"],
    queryFn: async ({ signal }) => (await (await reach("/health/ready", { signal })).json()) as Ready,
    refetchInterval: 10_000,
    meta: { still: true },
  });
  const told = sentences(overview, ready.data);
  const bad = told.some((each) => each.bad);
  const Icon = bad ? CircleX : told.length > 0 ? TriangleAlert : CircleCheck;
  const tone = bad ? "text-bad" : told.length > 0 ? "text-warn" : "text-good";
  return (
    <section aria-label="Health" className="card flex items-start gap-3 px-4 py-3">
      <Icon aria-hidden size={20} className={`mt-0.5 shrink-0 ${tone}`} />
      {told.length === 0 ? (
        <p className="font-medium">All is well: nothing is stuck, nothing waits long.</p>
      ) : (
        <ul className="grid gap-0.5 text-sm">
          {told.map((each) => (
            <li key={each.text} className="anywhere">
              {each.href ? <TextLink href={each.href}>{each.text}</TextLink> : each.text}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function sentences(overview: Overview, ready: Ready | undefined): Sentence[] {
  const found: Sentence[] = [];
  for (const [name, check] of Object.entries(ready?.checks ?? {})) {
    if (!check.ok)
      found.push({ bad: ready?.status !== "degraded", text: `${name}: ${check.detail || "does not answer"}` });
  }
  const stuck = overview.stuck.length;
  if (stuck > 0)
    found.push({
      bad: true,
      text: `${several(stuck, "job")} ${stuck === 1 ? "is" : "are"} stuck: the lease has run out, or the time is long over.`,
    });
  for (const queue of overview.queues) {
    if (queue.oldest_ready_s !== null && queue.oldest_ready_s >= OLD_S) {
      found.push({
        bad: false,
        text: `${queue.name}: the oldest job has been due for ${Math.round(queue.oldest_ready_s / 60)} min.`,
        href: `/queues/view/?name=${encodeURIComponent(queue.name)}`,
      });
    }
  }
  return found.slice(0, 6);
}
