"use client";

import { type ReactNode, useMemo } from "react";
import type { Latency, Point } from "@/api/stats";
import { count, duration } from "@/lib/words";
import { Chart, type Line } from "@/ui/chart";
import { Section } from "@/ui/page";

/** How much was done, and how long it took: by minutes of the last hour, or by what the points are. */
export function Charts({ points }: { points: readonly Point[] }): ReactNode {
  const times = useMemo(() => points.map(({ at }) => Date.parse(at) / 1000), [points]);
  const done = useMemo<Line[]>(
    () => [
      { name: "cancelled", colour: "--line-strong", values: points.map((point) => point.cancelled) },
      { name: "dead", colour: "--bad", values: points.map((point) => point.dead) },
      { name: "succeeded", colour: "--good", values: points.map((point) => point.succeeded) },
    ],
    [points],
  );
  const waits = useLatency(points, "wait");
  const runs = useLatency(points, "run");
  return (
    <div className="grid gap-4 lg:grid-cols-3">
      <Section title="Done">
        <Chart label="Jobs done" times={times} lines={done} say={whole} stacked />
      </Section>
      <Section title="Time to start">
        <Chart label="Time from due to start" times={times} lines={waits} say={duration} />
      </Section>
      <Section title="Run time">
        <Chart label="Run time" times={times} lines={runs} say={duration} />
      </Section>
    </div>
  );
}

function whole(value: number): string {
  return Number.isInteger(value) ? count(value) : "";
}

function useLatency(points: readonly Point[], of: "wait" | "run"): Line[] {
  return useMemo(() => {
    const line = (name: string, colour: string, take: (latency: Latency) => number | null): Line => ({
      name,
      colour,
      values: points.map((point) => take(point[of])),
    });
    return [
      line("p50", "--accent", ({ p50_s }) => p50_s),
      line("p95", "--warn", ({ p95_s }) => p95_s),
      line("p99", "--bad", ({ p99_s }) => p99_s),
    ];
  }, [points, of]);
}
