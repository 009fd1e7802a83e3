"use client";

import type { ReactNode } from "react";
import { useFollowed } from "@/lib/followed";

interface Props {
  label: string;
  value: string;
  onChange: (value: string) => void;
}

/** Narrows a list by a name; Enter or leaving the field asks. */
export function NameFilter({ label, value, onChange }: Props): ReactNode {
  const [text, setText] = useFollowed(value);
  const ask = (): void => {
    if (text.trim() !== value) onChange(text.trim());
  };
  return (
    <label className="inline-flex items-center gap-2 text-xs text-muted">
      {label}
      <input
        value={text}
        placeholder="any"
        spellCheck={false}
        onChange={(event) => setText(event.target.value)}
        onBlur={ask}
        onKeyDown={(event) => {
          if (event.key === "Enter") ask();
        }}
        className="h-8 w-40 rounded-md border border-line-strong bg-surface px-2 text-sm text-text"
      />
    </label>
  );
}
