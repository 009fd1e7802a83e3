"use client";

import { ChevronLeft, ChevronRight } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "./button";

interface Props {
  previous?: string | null | undefined;
  next: string | null | undefined;
  onTurn: (to: string | null) => void;
  /** What is said on the left. */
  children?: ReactNode;
}

/** The way through a list that is longer than a page. Where nobody knows the page before, Back leads there. */
export function Pager({ previous, next, onTurn, children }: Props): ReactNode {
  if (!previous && !next && !children) return null;
  return (
    <nav aria-label="Pages" className="flex flex-wrap items-center justify-between gap-2 text-sm text-muted">
      <span>{children}</span>
      <span className="flex gap-2">
        {previous !== undefined ? (
          <Button small disabled={!previous} onClick={() => onTurn(previous)}>
            <ChevronLeft aria-hidden size={14} /> Previous
          </Button>
        ) : null}
        <Button small disabled={!next} onClick={() => onTurn(next ?? null)}>
          Next <ChevronRight aria-hidden size={14} />
        </Button>
      </span>
    </nav>
  );
}
