import { clsx } from "clsx";
import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";

export type Tone = "good" | "warn" | "bad" | "idle" | "accent";

const TONES: Record<Tone, string> = {
  good: "text-good bg-good-soft",
  warn: "text-warn bg-warn-soft",
  bad: "text-bad bg-bad-soft",
  idle: "text-muted bg-sunken",
  accent: "text-accent bg-accent-soft",
};

/** A word of ours with its icon and colour. */
export function Badge({
  tone = "idle",
  icon: Icon,
  children,
}: {
  tone?: Tone;
  icon?: LucideIcon;
  children: ReactNode;
}): ReactNode {
  return (
    <span
      className={clsx(
        "inline-flex items-center gap-1 rounded-full px-2 py-0.5 text-xs font-medium whitespace-nowrap",
        TONES[tone],
      )}
    >
      {Icon ? <Icon aria-hidden size={13} className="shrink-0" /> : null}
      <span>{children}</span>
    </span>
  );
}

/** A piece of text that somebody else wrote: a tag, a key, a name. */
export function Chip({ children }: { children: ReactNode }): ReactNode {
  return (
    <span className="anywhere inline-block max-w-full rounded bg-sunken px-1.5 py-0.5 text-xs text-muted">
      {children}
    </span>
  );
}
