"use client";

import { type ReactNode, useMemo, useState } from "react";
import { ExactNumber, type Json, stringifyExact } from "@/api/json";
import { size } from "@/lib/words";
import { Copy } from "./copy";
import { Foreign } from "./foreign";

const FIRST = 100;
const TEXT_CUT = 600;

/** People's JSON as a tree: every digit as it came, large parts opened on demand, text always as text. */
export function JsonView({ value, label }: { value: unknown; label: string }): ReactNode {
  const text = useMemo(() => stringifyExact(value, 2) ?? "null", [value]);
  return (
    <div aria-label={label} role="group" className="min-w-0">
      <div className="mb-1 flex items-center justify-between text-xs text-faint">
        <span>{size(new Blob([text]).size)}</span>
        <Copy text={text} label={`Copy ${label.toLowerCase()}`} />
      </div>
      <div
        className="max-h-[32rem] overflow-auto rounded-md bg-sunken p-2 font-mono text-xs leading-5"
        tabIndex={0}
        role="region"
        aria-label={`${label}, as a tree`}
      >
        <Node value={value as Json} open={2} />
      </div>
    </div>
  );
}

function Node({ value, name, open }: { value: Json; name?: string; open: number }): ReactNode {
  if (value !== null && typeof value === "object" && !(value instanceof ExactNumber)) {
    return <Branch value={value} name={name} open={open} />;
  }
  return (
    <div className="anywhere pl-4">
      <Name name={name} />
      <Leaf value={value} />
    </div>
  );
}

function Name({ name }: { name: string | undefined }): ReactNode {
  return name === undefined ? null : (
    <>
      <Foreign className="text-muted" text={name.length > TEXT_CUT ? `${name.slice(0, TEXT_CUT)}…` : name} />
      <span className="text-faint">: </span>
    </>
  );
}

function Branch({
  value,
  name,
  open,
}: {
  value: Json[] | { [member: string]: Json };
  name: string | undefined;
  open: number;
}): ReactNode {
  const [opened, setOpened] = useState(open > 0);
  const [shown, setShown] = useState(FIRST);
  const entries = Object.entries(value);
  const kind = Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`;
  return (
    <details open={opened} onToggle={(event) => setOpened(event.currentTarget.open)}>
      <summary className="anywhere rounded hover:bg-hover">
        <Name name={name} />
        <span className="text-faint">{kind}</span>
      </summary>
      {opened ? (
        <div className="ml-1.5 border-l border-line pl-1.5">
          {entries.slice(0, shown).map(([key, each]) => (
            <Node key={key} name={key} value={each} open={open - 1} />
          ))}
          {entries.length > shown ? (
            <button
              type="button"
              className="pl-4 text-accent hover:underline"
              onClick={() => setShown(shown + 10 * FIRST)}
            >
              {entries.length - shown} more
            </button>
          ) : null}
        </div>
      ) : null}
    </details>
  );
}

function Leaf({ value }: { value: null | boolean | number | string | ExactNumber }): ReactNode {
  const [all, setAll] = useState(false);
  if (value instanceof ExactNumber) return <span className="text-accent">{value.text}</span>;
  if (typeof value !== "string") return <span className="text-accent">{String(value)}</span>;
  const long = value.length > TEXT_CUT && !all;
  return (
    <>
      <span className="text-good whitespace-pre-wrap">
        &quot;
        <Foreign text={long ? value.slice(0, TEXT_CUT) : value} />
        &quot;
      </span>
      {long ? (
        <button type="button" className="ml-1 text-accent hover:underline" onClick={() => setAll(true)}>
          … all of {size(value.length)}
        </button>
      ) : null}
    </>
  );
}
