import { clsx } from "clsx";
import Link from "next/link";
import type { ComponentProps, ReactNode } from "react";

/** A link within a text or a table; it asks for nothing before it is followed. */
export function TextLink({ className, ...rest }: ComponentProps<typeof Link>): ReactNode {
  return (
    <Link
      prefetch={false}
      className={clsx("anywhere text-accent underline-offset-2 hover:underline", className)}
      {...rest}
    />
  );
}
