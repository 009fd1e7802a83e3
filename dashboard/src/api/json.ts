/** JSON without loss: a number that JavaScript cannot hold exactly stays the text it came as. */

/** A number as it was written, because a `number` would not say the same. */
export class ExactNumber {
  constructor(readonly text: string) {}
  toString(): string {
    return this.text;
  }
}

export type Json = null | boolean | number | string | ExactNumber | Json[] | { [member: string]: Json };

/** Stands before the digits while native code reads or writes the rest. The API never sends a NUL. */
const MARK = "\u0000#";
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** Read JSON and keep each number: as `number` where that is exact, else as `ExactNumber`. */
export function parseExact(text: string): Json {
  return JSON.parse(marked(text), (_, value: unknown) =>
    typeof value === "string" && value.startsWith(MARK) ? new ExactNumber(value.slice(MARK.length)) : value,
  ) as Json;
}

/** Write JSON; each `ExactNumber` comes out as it went in. */
export function stringifyExact(value: unknown, indent?: number): string {
  const text = JSON.stringify(
    value,
    (_, each: unknown) => (each instanceof ExactNumber ? MARK + each.text : each),
    indent,
  );
  return text.replaceAll(/"\\u0000#([-+.\deE]+)"/g, "$1");
}

/** Members whose numbers are people's own; anywhere else a number is one of ours and fits. */
const THEIRS = new Set(["payload", "result", "progress", "payload_schema", "before", "after"]);

/** Read an answer of the API: people's values exactly, our own figures as plain numbers. */
export function parseAnswer(text: string): unknown {
  return plain(parseExact(text));
}

function plain(value: Json): unknown {
  if (value instanceof ExactNumber) return Number(value.text);
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).map(([name, each]) => [name, THEIRS.has(name) ? each : plain(each)] as const);
  return Object.fromEntries(entries);
}

/** Return `text` with each number that a `number` would change turned into a marked string. */
function marked(text: string): string {
  const pieces: string[] = [];
  let kept = 0;
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      at = afterString(text, at);
    } else if (code === 0x2d || (code >= 0x30 && code <= 0x39)) {
      NUMBER.lastIndex = at;
      const number = NUMBER.exec(text)?.[0];
      if (number === undefined) {
        at += 1;
        continue;
      }
      if (String(Number(number)) !== number) {
        pieces.push(text.slice(kept, at), `"\\u0000#${number}"`);
        kept = at + number.length;
      }
      at += number.length;
    } else {
      at += 1;
    }
  }
  return pieces.length === 0 ? text : pieces.join("") + text.slice(kept);
}

function afterString(text: string, start: number): number {
  for (let at = start + 1; ; at += 1) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return text.length;
    let slashes = 0;
    while (text.charCodeAt(quote - 1 - slashes) === 0x5c) slashes += 1;
    if (slashes % 2 === 0) return quote + 1;
    at = quote;
  }
}
