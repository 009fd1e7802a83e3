"use client";

import Link from "next/link";
import type { ReactNode } from "react";
import type { Capped, Overview, Point } from "@/api/stats";
import { count } from "@/lib/words";
import { Spark } from "@/ui/spark";

interface Tile {
  name: string;
  figure: Capped;
  q: string;
  spark?: (point: Point) => number;
  colour?: string;
}

function exactly(value: number): Capped {
  return { value, capped: false };
}

/** The figures that matter most, each leading to its jobs. */
export function Tiles({ overview }: { overview: Overview }): ReactNode {
  const { tiles, history } = overview;
  const all: Tile[] = [
    { name: "Ready", figure: tiles.ready, q: "status:queued run_at:<=now", spark: (point) => point.enqueued },
    { name: "Scheduled", figure: tiles.scheduled, q: "status:queued run_at:>now" },
    { name: "Running", figure: tiles.running, q: "status:running" },
    {
      name: "Retrying",
      figure: tiles.retrying,
      q: "status:queued retry_count:>0",
      spark: (point) => point.retried,
      colour: "text-warn",
    },
    { name: "Dead", figure: exactly(tiles.dead), q: "status:dead", spark: (point) => point.dead, colour: "text-bad" },
    {
      name: "Done per minute",
      figure: exactly(tiles.done_per_minute),
      q: "status:succeeded",
      spark: (point) => point.done,
      colour: "text-good",
    },
  ];
  return (
    <ul aria-label="Figures" className="grid grid-cols-2 gap-3 sm:grid-cols-3 xl:grid-cols-6">
      {all.map((tile) => (
        <li key={tile.name}>
          <Link
            prefetch={false}
            href={`/jobs/?q=${encodeURIComponent(tile.q)}`}
            className="card block h-full overflow-hidden px-3 pt-2.5 hover:border-line-strong"
          >
            <span className="block text-xs text-muted">{tile.name}</span>
            <span className="block text-2xl font-semibold tracking-tight">
              {count(tile.figure.value, tile.figure.capped)}
            </span>
            {tile.spark ? (
              <Spark values={history.map(tile.spark)} {...(tile.colour ? { className: tile.colour } : {})} />
            ) : (
              <div className="h-7" />
            )}
          </Link>
        </li>
      ))}
    </ul>
  );
}
