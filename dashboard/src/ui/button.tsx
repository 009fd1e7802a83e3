import { clsx } from "clsx";
import Link from "next/link";
import type { ComponentProps, ReactNode } from "react";

type Tone = "plain" | "primary" | "danger" | "ghost";

const TONES: Record<Tone, string> = {
  plain: "border-line bg-surface hover:bg-hover text-text",
  primary: "border-transparent bg-accent text-on-accent hover:brightness-110",
  danger: "border-bad/50 bg-surface text-bad hover:bg-bad-soft",
  ghost: "border-transparent bg-transparent text-muted hover:bg-hover hover:text-text",
};

function look(tone: Tone, small: boolean, extra?: string): string {
  return clsx(
    "inline-flex items-center justify-center gap-1.5 rounded-md border font-medium whitespace-nowrap",
    "disabled:opacity-55 transition-colors",
    small ? "h-7 px-2 text-xs" : "h-8 px-3 text-sm",
    TONES[tone],
    extra,
  );
}

interface Look {
  tone?: Tone;
  small?: boolean;
}

export function Button({
  tone = "plain",
  small = false,
  className,
  ...rest
}: ComponentProps<"button"> & Look): ReactNode {
  return <button type="button" className={look(tone, small, className)} {...rest} />;
}

export function LinkButton({
  tone = "plain",
  small = false,
  className,
  ...rest
}: ComponentProps<typeof Link> & Look): ReactNode {
  return <Link prefetch={false} className={look(tone, small, className)} {...rest} />;
}

/** A button that shows an icon only; its name is told on hover and to screen readers. */
export function IconButton({ label, className, ...rest }: ComponentProps<"button"> & { label: string }): ReactNode {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={clsx(
        "inline-flex size-8 shrink-0 items-center justify-center rounded-md text-muted hover:bg-hover hover:text-text disabled:opacity-55",
        className,
      )}
      {...rest}
    />
  );
}
