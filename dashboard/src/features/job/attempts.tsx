"use client";

import { clsx } from "clsx";
import type { ReactNode } from "react";
import { several } from "@/lib/words";
import { Badge, type Tone } from "@/ui/badge";
import { Copy } from "@/ui/copy";
import { Foreign } from "@/ui/foreign";
import { Empty } from "@/ui/states";
import { Instant, Took } from "@/ui/time";
import type { Attempt } from "./stretches";

const TONES: Record<Attempt["outcome"], Tone> = {
  succeeded: "good",
  failed: "bad",
  timed_out: "bad",
  crashed: "bad",
  discarded: "bad",
  cancelled: "idle",
  snoozed: "idle",
  released: "idle",
};

/** Each run of the job, the last one first, with what went wrong. */
export function Attempts({ attempts, more }: { attempts: readonly Attempt[]; more: boolean }): ReactNode {
  if (attempts.length === 0) return <Empty title="No attempt has ended yet" />;
  const newest = [...attempts].sort((one, other) => Date.parse(other.finished_at) - Date.parse(one.finished_at));
  return (
    <ol aria-label="Attempts" className="divide-y divide-line">
      {newest.map((attempt, index) => (
        <li key={`${attempt.attempt}-${attempt.finished_at}`} className="grid gap-1 px-4 py-2">
          <div className="flex flex-wrap items-center gap-x-3 gap-y-1 text-sm">
            <span className="font-medium">Attempt {attempt.attempt}</span>
            <Badge tone={TONES[attempt.outcome]}>{attempt.outcome.replace("_", " ")}</Badge>
            <Took from={attempt.started_at} to={attempt.finished_at} />
            <span className="text-xs text-muted">
              <Instant at={attempt.finished_at} />
            </span>
            {attempt.worker_id ? <span className="anywhere text-xs text-faint">worker {attempt.worker_id}</span> : null}
          </div>
          {attempt.error ? <ErrorText error={attempt.error} open={index === 0} /> : null}
        </li>
      ))}
      {more ? (
        <li className="px-4 py-2 text-xs text-faint">Only the last {several(attempts.length, "attempt")} are shown.</li>
      ) : null}
    </ol>
  );
}

/** An error with its traceback, as text. */
export function ErrorText({
  error,
  open = false,
}: {
  error: NonNullable<Attempt["error"]>;
  open?: boolean;
}): ReactNode {
  return (
    <div className="min-w-0">
      <p
        className={clsx(
          "anywhere text-sm whitespace-pre-wrap text-bad",
          error.message.length > 2000 && "max-h-40 overflow-auto",
        )}
      >
        <Foreign className="font-bold" text={error.type} />: <Foreign text={error.message} />
      </p>
      {error.traceback ? (
        <details open={open} className="mt-1">
          <summary className="text-xs text-muted">Traceback</summary>
          <div className="relative mt-1">
            <pre
              tabIndex={0}
              role="region"
              aria-label="Traceback"
              className="max-h-80 overflow-auto rounded-md bg-sunken p-2 pr-8 text-xs leading-5"
            >
              <bdi>{error.traceback}</bdi>
            </pre>
            <span className="absolute top-1 right-1">
              <Copy text={error.traceback} label="Copy the traceback" />
            </span>
          </div>
        </details>
      ) : null}
    </div>
  );
}
