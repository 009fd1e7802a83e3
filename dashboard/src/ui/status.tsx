"use client";

import { clsx } from "clsx";
import { Ban, CircleCheck, CircleDashed, CirclePlay, Clock3, RotateCcw, Skull, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import type { Schemas } from "@/api/client";
import { useNow } from "@/lib/clock";
import { relative } from "@/lib/words";

export type Status = Schemas["JobStatus"];
export const STATUSES: readonly Status[] = ["queued", "running", "succeeded", "dead", "cancelled"];

const LOOKS: Record<Status, { icon: LucideIcon; look: string }> = {
  queued: { icon: CircleDashed, look: "text-muted bg-sunken" },
  running: { icon: CirclePlay, look: "text-accent bg-accent-soft" },
  succeeded: { icon: CircleCheck, look: "text-good bg-good-soft" },
  dead: { icon: Skull, look: "text-bad bg-bad-soft" },
  cancelled: { icon: Ban, look: "text-muted bg-sunken" },
};

export function StatusIcon({ status, className }: { status: Status; className?: string }): ReactNode {
  const Icon = LOOKS[status].icon;
  return <Icon aria-hidden size={14} className={className} />;
}

/** A status by icon, word and colour. */
export function StatusBadge({ status }: { status: Status }): ReactNode {
  const { icon: Icon, look } = LOOKS[status];
  return (
    <span
      className={clsx(
        "inline-flex items-center gap-1 rounded-full px-2 py-0.5 text-xs font-medium whitespace-nowrap",
        look,
      )}
    >
      <Icon aria-hidden size={13} className={clsx("shrink-0", status === "running" && "animate-pulse")} />
      {status}
    </span>
  );
}

interface Seen {
  status: Status;
  run_at: string;
  retry_count: number;
  cancel_requested: boolean;
}

/** What else there is to say in two words: when a queued job is due, that a running one is asked to stop. */
export function StatusNote({ job }: { job: Seen }): ReactNode {
  const now = useNow();
  if (job.status === "running" && job.cancel_requested) return <Note icon={Ban} text="cancel requested" />;
  if (job.status !== "queued") return null;
  const due = Date.parse(job.run_at);
  if (due <= now) return null;
  const again = job.retry_count > 0;
  return (
    <Note icon={again ? RotateCcw : Clock3} text={`${again ? "retry" : "due"} ${relative(due, now)}`} warn={again} />
  );
}

function Note({ icon: Icon, text, warn = false }: { icon: LucideIcon; text: string; warn?: boolean }): ReactNode {
  return (
    <span
      className={clsx("inline-flex items-center gap-1 text-xs whitespace-nowrap", warn ? "text-warn" : "text-muted")}
    >
      <Icon aria-hidden size={12} />
      {text}
    </span>
  );
}
