/** Short messages about what was just done. They go after a while, unless somebody is at them. */
import { store } from "./store";

export interface Toast {
  id: number;
  text: string;
  tone: "good" | "bad";
  link?: { href: string; text: string };
}

export const toasts = store<readonly Toast[]>([]);
const timers = new Map<number, ReturnType<typeof setTimeout>>();
let last = 0;
const LASTS_MS = 7000;
const MOST = 4;

export function say(text: string, tone: Toast["tone"] = "good", link?: Toast["link"]): void {
  last += 1;
  const id = last;
  for (const old of toasts.get().slice(0, 1 - MOST)) hush(old.id);
  toasts.set([...toasts.get(), { id, text, tone, ...(link ? { link } : {}) }]);
  release(id);
}

export function hush(id: number): void {
  hold(id);
  toasts.set(toasts.get().filter((each) => each.id !== id));
}

/** Let a message stay while it is pointed at, or has the focus. */
export function hold(id: number): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
}

/** Let it go after its while, counted from now. */
export function release(id: number): void {
  hold(id);
  timers.set(
    id,
    setTimeout(() => hush(id), LASTS_MS),
  );
}
