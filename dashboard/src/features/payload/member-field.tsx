"use client";

import { type ReactNode, useState } from "react";
import { type Json, stringifyExact } from "@/api/json";
import { AreaField, CheckField, SelectField, TextField } from "@/ui/field";
import { type Member, read } from "./schema";

interface Props {
  member: Member;
  value: Json | undefined;
  error: string | undefined;
  onChange: (value: Json | undefined) => void;
}

/** One member of a payload; left empty, one that need not be there is left out. */
export function MemberField({ member, value, error, onChange }: Props): ReactNode {
  const { name, kind, required, fallback } = member;
  const label = required ? `${name} *` : name;
  const hint = [member.about, fallback === undefined ? null : `left out: ${stringifyExact(fallback)}`]
    .filter(Boolean)
    .join(" · ");
  const wiring = { label, hint, error };
  if (kind === "boolean") {
    return (
      <CheckField
        label={label}
        hint={hint}
        checked={(value ?? fallback) === true}
        onChange={(event) => onChange(event.target.checked)}
      />
    );
  }
  if (kind === "enum") {
    return (
      <SelectField
        {...wiring}
        value={typeof value === "string" ? value : ""}
        onChange={(event) => onChange(event.target.value || undefined)}
      >
        {required ? null : <option value="">–</option>}
        {member.choices.map((choice) => (
          <option key={choice}>{choice}</option>
        ))}
      </SelectField>
    );
  }
  if (kind === "json") return <JsonField {...wiring} value={value} required={required} onChange={onChange} />;
  const change = (text: string): void => onChange(text === "" && !required ? undefined : read(kind, text));
  return (
    <TextField
      {...wiring}
      value={value === undefined || value === null ? "" : typeof value === "string" ? value : stringifyExact(value)}
      inputMode={kind === "integer" ? "numeric" : kind === "number" ? "decimal" : "text"}
      onChange={(event) => change(event.target.value)}
    />
  );
}

interface JsonFieldProps extends Omit<Props, "member"> {
  label: string;
  hint: string;
  required: boolean;
}

function JsonField({ label, hint, error, value, required, onChange }: JsonFieldProps): ReactNode {
  const [text, setText] = useState(value === undefined ? "" : stringifyExact(value, 2));
  const bad = text !== "" && typeof read("json", text) === "string" && !text.trim().startsWith('"');
  return (
    <AreaField
      label={`${label} (JSON)`}
      hint={hint}
      error={bad ? "This is not JSON." : error}
      rows={3}
      value={text}
      onChange={(event) => {
        setText(event.target.value);
        onChange(event.target.value === "" && !required ? undefined : read("json", event.target.value));
      }}
    />
  );
}
