"use client";

import { type ReactNode, useEffect, useRef } from "react";
import type uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useShade, useZone, zone } from "@/lib/preferences";

export interface Line {
  name: string;
  /** A colour of the design, such as `--good`. */
  colour: string;
  values: readonly (number | null)[];
  fill?: boolean;
}

interface Props {
  label: string;
  /** Seconds since 1970. */
  times: readonly number[];
  lines: readonly Line[];
  /** Says a value in words. */
  say: (value: number) => string;
  stacked?: boolean;
}

/** Lines over time. What it shows is in the table below it too, for who cannot see it. */
export function Chart({ label, times, lines, say, stacked = false }: Props): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  const look = `${useShade()} ${useZone()}`;
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    let plot: uPlot | undefined;
    let gone = false;
    const resize = new ResizeObserver(() => plot?.setSize({ width: element.clientWidth, height: HEIGHT }));
    void import("uplot").then(({ default: Plot }) => {
      if (gone) return;
      plot = new Plot(options(element, lines, say, stacked, Plot), data(times, lines, stacked), element);
      resize.observe(element);
    });
    return () => {
      gone = true;
      resize.disconnect();
      plot?.destroy();
    };
  }, [times, lines, say, stacked, look]);
  return (
    <figure aria-label={label} className="m-0 min-w-0">
      <div ref={box} aria-hidden className="h-44 w-full overflow-hidden" />
      <figcaption className="mt-1 flex flex-wrap gap-x-4 gap-y-1 text-xs text-muted">
        {lines.map((line) => (
          <span key={line.name} className="inline-flex items-center gap-1.5">
            <svg width="10" height="10" aria-hidden>
              <rect width="10" height="10" rx="2" fill={`var(${line.colour})`} />
            </svg>
            {line.name}
            <b className="font-medium text-text">{latest(line, say)}</b>
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

const HEIGHT = 176;

function clock(seconds: number): string {
  const at = new Date(seconds * 1000);
  const [hours, minutes] =
    zone.get() === "utc" ? [at.getUTCHours(), at.getUTCMinutes()] : [at.getHours(), at.getMinutes()];
  return `${hours}:${String(minutes).padStart(2, "0")}`;
}

function latest(line: Line, say: (value: number) => string): string {
  const value = line.values.findLast((each) => each !== null);
  return value === undefined || value === null ? "–" : say(value);
}

/** Stacked lines are drawn from the topmost sum down, each over the one behind it. */
function data(times: readonly number[], lines: readonly Line[], stacked: boolean): uPlot.AlignedData {
  const rows = lines.map(({ values }) => [...values]);
  if (stacked) {
    for (let row = rows.length - 2; row >= 0; row -= 1) {
      rows[row] = (rows[row] ?? []).map((value, at) => (value ?? 0) + (rows[row + 1]?.[at] ?? 0));
    }
  }
  return [[...times], ...rows] as uPlot.AlignedData;
}

function options(
  element: HTMLElement,
  lines: readonly Line[],
  say: (value: number) => string,
  stacked: boolean,
  Plot: typeof uPlot,
): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(name);
  const axis = {
    stroke: colour("--muted"),
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { stroke: colour("--line"), width: 1 },
    font: `11px ${getComputedStyle(element).fontFamily}`,
  };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 8, 0, 0],
    scales: { y: { range: (_, __, most) => [0, Math.max(most, 1e-3) * 1.08] } },
    axes: [
      { ...axis, values: (_, ticks) => ticks.map(clock) },
      { ...axis, size: 58, values: (_, ticks) => ticks.map(say) },
    ],
    series: [
      {},
      ...lines.map((line) => ({
        stroke: colour(line.colour),
        width: 1.5,
        points: { show: !stacked, size: 3 },
        ...(stacked || line.fill ? { fill: colour(line.colour) + (stacked ? "" : "22") } : {}),
        ...(Plot.paths.bars && stacked ? { paths: Plot.paths.bars({ size: [0.9] }) } : {}),
      })),
    ],
  };
}
