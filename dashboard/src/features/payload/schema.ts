/** Reads a task's JSON Schema as far as a form needs it; what it does not know is edited as JSON. */
import { ExactNumber, type Json, parseExact } from "@/api/json";

export type Kind = "string" | "integer" | "number" | "boolean" | "enum" | "json";

export interface Member {
  name: string;
  kind: Kind;
  required: boolean;
  nullable: boolean;
  choices: string[];
  fallback: Json | undefined;
  about: string;
}

type Schema = { [member: string]: Json };

function isSchema(value: unknown): value is Schema {
  return value !== null && typeof value === "object" && !Array.isArray(value) && !(value instanceof ExactNumber);
}

/** Return the members of a payload, those that must be there first; `null` if the schema says nothing about them. */
export function members(schema: unknown): Member[] | null {
  if (!isSchema(schema) || !isSchema(schema["properties"])) return null;
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  const all = Object.entries(schema["properties"]).map(([name, each]) =>
    member(name, isSchema(each) ? each : {}, required.includes(name)),
  );
  return all.sort((one, other) => Number(other.required) - Number(one.required));
}

function member(name: string, schema: Schema, required: boolean): Member {
  const forms = Array.isArray(schema["anyOf"]) ? schema["anyOf"].filter(isSchema) : [schema];
  const real = forms.filter((form) => form["type"] !== "null");
  const form = real.length === 1 ? (real[0] ?? {}) : {};
  const choices = Array.isArray(form["enum"]) ? form["enum"].filter((each) => typeof each === "string") : [];
  const about = schema["description"] ?? form["description"];
  return {
    name,
    kind: choices.length > 0 ? "enum" : kindOf(form["type"]),
    required,
    nullable: real.length < forms.length,
    choices,
    fallback: schema["default"],
    about: typeof about === "string" ? about : "",
  };
}

function kindOf(type: Json | undefined): Kind {
  return type === "string" || type === "integer" || type === "number" || type === "boolean" ? type : "json";
}

/** Return what somebody wrote into a field as the value it means; what cannot be one stays text, for the API to refuse. */
export function read(kind: Kind, text: string): Json {
  if (kind === "integer" && /^-?\d+$/.test(text.trim())) return tried(text.trim(), text);
  if (kind === "number" && text.trim() !== "") return tried(text.trim(), text);
  if (kind === "json") return tried(text, text);
  return text;
}

function tried(text: string, otherwise: string): Json {
  try {
    return parseExact(text);
  } catch {
    return otherwise;
  }
}

/** Return a payload that fits: what must be there, empty, and what has a default left out. */
export function skeleton(schema: unknown): Schema {
  const found = members(schema) ?? [];
  const empty: Record<Kind, Json> = { string: "", integer: 0, number: 0, boolean: false, enum: "", json: null };
  return Object.fromEntries(
    found.filter(({ required }) => required).map((each) => [each.name, each.choices[0] ?? empty[each.kind]]),
  );
}
