/** Reads and changes the text of a filter, as far as tabs and chips need it; what it means is the API's to say. */

export interface Term {
  text: string;
  start: number;
  end: number;
}

/** Return the conditions at the filter's top: pieces between spaces that stand in no quotes and no parentheses. */
export function terms(q: string): Term[] {
  const found: Term[] = [];
  let start = -1;
  let depth = 0;
  let quoted = false;
  for (let at = 0; at <= q.length; at += 1) {
    const sign = q[at];
    if (quoted) {
      if (sign === "\\") at += 1;
      else if (sign === '"') quoted = false;
      continue;
    }
    if (at === q.length || (sign === " " && depth === 0)) {
      if (start >= 0) found.push({ text: q.slice(start, at), start, end: at });
      start = -1;
      continue;
    }
    if (start < 0) start = at;
    if (sign === '"') quoted = true;
    if (sign === "(") depth += 1;
    if (sign === ")") depth -= 1;
  }
  if (start >= 0) found.push({ text: q.slice(start), start, end: q.length });
  return found;
}

/** Tell whether the filter has alternatives at its top, so that a condition cannot be put beside the others. */
function branches(q: string): boolean {
  return terms(q).some(({ text }) => text === "OR");
}

/** Return the status that the filter asks for, if it is one alone. */
export function statusOf(q: string): string | null {
  if (branches(q)) return null;
  const found = terms(q).filter(({ text }) => text.startsWith("status:"));
  const value = found[0]?.text.slice("status:".length);
  return found.length === 1 && value && !value.includes(",") ? value : null;
}

/** Return the filter without its conditions on the status. */
export function withoutStatus(q: string): string {
  if (branches(q)) return q;
  return terms(q)
    .filter(({ text }) => !text.startsWith("status:"))
    .map(({ text }) => text)
    .join(" ");
}

/** Return the filter for jobs of one status (`null` for any) that are meant otherwise. */
export function withStatus(q: string, status: string | null): string {
  const rest = withoutStatus(q);
  if (status === null) return rest;
  return `status:${status} ${branches(rest) ? `(${rest})` : rest}`.trim();
}

/** Return the filter with one more condition. */
export function and(q: string, condition: string): string {
  if (q.trim() === "") return condition;
  return branches(q) ? `(${q}) ${condition}` : `${q.trim()} ${condition}`;
}

/** Return the filter without the condition at a place. */
export function without(q: string, term: Term): string {
  return `${q.slice(0, term.start)}${q.slice(term.end)}`.replaceAll(/ {2,}/g, " ").trim();
}

/** Return a value as a filter takes it: in quotes if it has signs that mean something there. */
export function quoted(value: string): string {
  return /^[A-Za-z0-9_.@/+-]+$/.test(value) ? value : `"${value.replaceAll(/["\\]/g, "\\$&")}"`;
}
