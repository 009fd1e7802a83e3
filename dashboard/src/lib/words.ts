/** Figures and times as people read them. */

const COUNT = new Intl.NumberFormat("en-GB");
const DAY_S = 86_400;

/** Return 1,234,567; a capped count says so. */
export function count(value: number, capped = false): string {
  return capped ? `${COUNT.format(value - 1)}+` : COUNT.format(value);
}

/** Return "1 job", "2 jobs". */
export function several(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Return a stretch of time, as exact as it matters: 0.4 ms, 12 ms, 3.4 s, 5 min 2 s, 2 h 3 min, 4 d 1 h. */
export function duration(seconds: number): string {
  const s = Math.abs(seconds);
  if (s < 0.00995) return `${tenths(s * 1000)} ms`;
  if (s < 0.9995) return `${Math.round(s * 1000)} ms`;
  if (s < 9.95) return `${tenths(s)} s`;
  if (s < 59.5) return `${Math.round(s)} s`;
  if (s < 3599.5) return pair(Math.round(s), 60, "min", 1, "s");
  if (s < DAY_S) return pair(Math.round(s / 60) * 60, 3600, "h", 60, "min");
  return pair(Math.round(s / 3600) * 3600, DAY_S, "d", 3600, "h");
}

function tenths(value: number): string {
  return value.toFixed(1).replace(/\.0$/, "");
}

function pair(s: number, large: number, one: string, small: number, other: string): string {
  const rest = Math.floor((s % large) / small);
  return rest === 0 ? `${Math.floor(s / large)} ${one}` : `${Math.floor(s / large)} ${one} ${rest} ${other}`;
}

/** Return "3 min ago", "in 12 s" or "now". */
export function relative(at: number, now: number): string {
  const seconds = (at - now) / 1000;
  if (Math.abs(seconds) < 1) return "now";
  const coarse = Math.abs(seconds) < 60 ? Math.round(seconds) : seconds;
  const text = duration(coarse).replace(/^(\d+ (?:min|h|d)) .*/, Math.abs(seconds) >= 600 ? "$1" : "$&");
  return seconds < 0 ? `${text} ago` : `in ${text}`;
}

/** Return the instant in full: to the microsecond in UTC, else in the zone of the browser. */
export function exact(instant: string, zone: "utc" | "local"): string {
  if (zone === "utc") return instant.replace("T", " ").replace("Z", " UTC");
  const at = new Date(instant);
  const local = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium" }).format(at);
  return `${local}${/\.\d+/.exec(instant)?.[0] ?? ""} ${offset(at)}`;
}

/** Return the instant to the second, for a column. */
export function short(instant: string, zone: "utc" | "local"): string {
  const options = { dateStyle: "short", timeStyle: "medium" } as const;
  return new Intl.DateTimeFormat("sv-SE", zone === "utc" ? { ...options, timeZone: "UTC" } : options).format(
    new Date(instant),
  );
}

function offset(at: Date): string {
  const minutes = -at.getTimezoneOffset();
  const hours = String(Math.floor(Math.abs(minutes) / 60)).padStart(2, "0");
  return `UTC${minutes < 0 ? "-" : "+"}${hours}:${String(Math.abs(minutes) % 60).padStart(2, "0")}`;
}

/** Return seconds between two instants, to the microsecond that `Date` does not know. */
export function between(from: string, to: string | number): number {
  const [end, ends] = typeof to === "number" ? [to, 0] : [Date.parse(to), micros(to)];
  return (end - Date.parse(from)) / 1000 + (ends - micros(from)) / 1_000_000;
}

/** Return an instant in milliseconds since 1970, with its microseconds. */
export function instant(text: string): number {
  return Date.parse(text) + micros(text) / 1000;
}

function micros(text: string): number {
  return Number((/\.\d{3}(\d{1,3})/.exec(text)?.[1] ?? "").padEnd(3, "0"));
}

/** Return a size: 812 B, 14 KB, 1.2 MB. */
export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1_048_576 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1_048_576).toFixed(1)} MB`;
}
