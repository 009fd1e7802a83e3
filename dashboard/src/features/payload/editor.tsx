"use client";

import { clsx } from "clsx";
import { type ReactNode, useState } from "react";
import { type Json, parseExact, stringifyExact } from "@/api/json";
import { AreaField } from "@/ui/field";
import { MemberField } from "./member-field";
import { members } from "./schema";

interface Props {
  schema: unknown;
  /** The payload as JSON text: the one truth that both views read and write. */
  text: string;
  onChange: (text: string) => void;
  error?: string | null;
  errorAt?: (pointer: string) => string | undefined;
}

/** Edits a payload as a form made from the task's schema, or as JSON; no digit is lost on the way. */
export function PayloadEditor({ schema, text, onChange, error = null, errorAt }: Props): ReactNode {
  const known = members(schema);
  const value = parsed(text);
  const [raw, setRaw] = useState(known === null);
  const asForm = !raw && known !== null && value !== null;
  const set = (name: string, each: Json | undefined): void => {
    const next = { ...value };
    if (each === undefined) delete next[name];
    else next[name] = each;
    onChange(stringifyExact(next, 2));
  };
  return (
    <div className="grid gap-2">
      {known ? (
        <div
          role="group"
          aria-label="Edit as"
          className="flex gap-1 justify-self-start rounded-md bg-sunken p-0.5 text-xs"
        >
          <Choice on={asForm} onClick={() => setRaw(false)} disabled={value === null} name="Form" />
          <Choice on={!asForm} onClick={() => setRaw(true)} name="JSON" />
        </div>
      ) : null}
      {asForm ? (
        <div className="grid gap-3">
          {known.length === 0 ? <p className="text-sm text-muted">This task takes no payload.</p> : null}
          {known.map((member) => (
            <MemberField
              key={member.name}
              member={member}
              value={value[member.name]}
              error={errorAt?.(`/payload/${member.name}`)}
              onChange={(each) => set(member.name, each)}
            />
          ))}
        </div>
      ) : (
        <AreaField
          label="Payload, as JSON"
          rows={Math.min(20, Math.max(6, text.split("\n").length + 1))}
          value={text}
          onChange={(event) => onChange(event.target.value)}
          error={value === null ? "This is not a JSON object." : null}
        />
      )}
      {error ? (
        <p role="alert" className="anywhere text-sm text-bad">
          {error}
        </p>
      ) : null}
    </div>
  );
}

/** Return the object that `text` says; `null` if it says none. */
export function parsed(text: string): { [member: string]: Json } | null {
  try {
    const value = parseExact(text);
    return value !== null && typeof value === "object" && !Array.isArray(value)
      ? (value as { [member: string]: Json })
      : null;
  } catch {
    return null;
  }
}

function Choice({
  on,
  name,
  ...rest
}: {
  on: boolean;
  name: string;
  onClick: () => void;
  disabled?: boolean;
}): ReactNode {
  return (
    <button
      type="button"
      aria-pressed={on}
      className={clsx("h-6 rounded px-2 disabled:opacity-50", on ? "bg-surface font-medium" : "text-muted")}
      {...rest}
    >
      {name}
    </button>
  );
}
