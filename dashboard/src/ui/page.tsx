"use client";

import { clsx } from "clsx";
import { type ReactNode, useEffect } from "react";

interface Props {
  title: string;
  lead?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

/** A page's heading, what can be done on it, and its content. */
export function Page({ title, lead, actions, children }: Props): ReactNode {
  useEffect(() => {
    document.title = `${title} · eQueue`;
  }, [title]);
  return (
    <div className="mx-auto grid w-full max-w-[100rem] gap-4 p-3 sm:p-5">
      <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2">
        <div className="min-w-0">
          <h1 className="anywhere text-xl font-semibold tracking-tight">{title}</h1>
          {lead ? <div className="mt-0.5 text-sm text-muted">{lead}</div> : null}
        </div>
        {actions ? <div className="flex flex-wrap items-center gap-2">{actions}</div> : null}
      </div>
      {children}
    </div>
  );
}

/** A card with a heading. */
export function Section({
  title,
  aside,
  children,
  flush = false,
}: {
  title: string;
  aside?: ReactNode;
  children: ReactNode;
  flush?: boolean;
}): ReactNode {
  return (
    <section className="card min-w-0" aria-label={title}>
      <div className="flex min-h-11 flex-wrap items-center justify-between gap-2 border-b border-line px-4 py-1.5">
        <h2 className="text-sm font-semibold">{title}</h2>
        {aside}
      </div>
      <div className={clsx("min-w-0", flush ? "" : "p-4")}>{children}</div>
    </section>
  );
}

/** Names and what they stand for. */
export function Facts({ facts }: { facts: readonly (readonly [string, ReactNode])[] }): ReactNode {
  return (
    <dl className="grid grid-cols-[minmax(6.5rem,auto)_minmax(0,1fr)] gap-x-4 gap-y-1.5 text-sm">
      {facts.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-muted">{name}</dt>
          <dd className="anywhere min-w-0">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
