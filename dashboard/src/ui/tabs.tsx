"use client";

import { clsx } from "clsx";
import type { ReactNode } from "react";

interface Props<T extends string> {
  label: string;
  here: T;
  tabs: readonly (readonly [T, string])[];
  onChange: (tab: T) => void;
}

/** Parts of a page; which one is shown is in the URL. */
export function Tabs<T extends string>({ label, here, tabs, onChange }: Props<T>): ReactNode {
  return (
    <div role="group" aria-label={label} className="flex flex-wrap gap-1 border-b border-line">
      {tabs.map(([id, name]) => (
        <button
          key={id}
          type="button"
          aria-pressed={id === here}
          onClick={() => onChange(id)}
          className={clsx(
            "-mb-px h-9 border-b-2 px-3 text-sm",
            id === here ? "border-accent font-medium text-accent" : "border-transparent text-muted hover:text-text",
          )}
        >
          {name}
        </button>
      ))}
    </div>
  );
}
