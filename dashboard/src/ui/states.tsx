"use client";

import { CloudOff, Inbox, type LucideIcon, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { Problem, SignedOut, told, Unreachable } from "@/api/problem";
import { Button } from "./button";

interface EmptyProps {
  icon?: LucideIcon;
  title: string;
  children?: ReactNode;
}

/** Nothing is here, and why, and what to do. */
export function Empty({ icon: Icon = Inbox, title, children }: EmptyProps): ReactNode {
  return (
    <div className="flex flex-col items-center gap-2 px-4 py-10 text-center">
      <Icon aria-hidden size={26} className="text-faint" />
      <p className="font-medium">{title}</p>
      {children ? <div className="max-w-xl text-sm text-muted">{children}</div> : null}
    </div>
  );
}

/** Lines where rows will be; said once to screen readers. */
export function Loading({ rows = 6, label = "Loading" }: { rows?: number; label?: string }): ReactNode {
  return (
    <div role="status" aria-label={label} className="grid gap-3 p-4">
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} aria-hidden className="h-4 animate-pulse rounded bg-sunken" />
      ))}
    </div>
  );
}

/** What went wrong, in the API's own words, and a way to try again. */
export function Failure({ error, onRetry }: { error: unknown; onRetry?: (() => void) | undefined }): ReactNode {
  if (error instanceof SignedOut) return <Loading />;
  const away = error instanceof Unreachable;
  const Icon = away ? CloudOff : TriangleAlert;
  return (
    <div role="alert" className="flex flex-col items-center gap-2 px-4 py-10 text-center">
      <Icon aria-hidden size={26} className="text-bad" />
      <p className="font-medium">
        {away ? "The API cannot be reached" : error instanceof Problem ? error.document.title : "This went wrong"}
      </p>
      <p className="anywhere max-w-xl text-sm text-muted">{away ? "This page tries again by itself." : told(error)}</p>
      {error instanceof Problem && error.document.instance ? (
        <p className="text-xs text-faint">request {error.document.instance}</p>
      ) : null}
      {onRetry ? <Button onClick={onRetry}>Try again</Button> : null}
    </div>
  );
}

interface Asked<T> {
  data: T | undefined;
  error: unknown;
  refetch: () => unknown;
}

/** Show what a query found; else that it is still asking, or why it could not. Old data stay in view. */
export function Shown<T>({
  query,
  rows,
  children,
}: {
  query: Asked<T>;
  rows?: number;
  children: (data: T) => ReactNode;
}): ReactNode {
  if (query.data !== undefined) return children(query.data);
  if (query.error) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  return <Loading {...(rows === undefined ? {} : { rows })} />;
}
