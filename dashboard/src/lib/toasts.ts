/** Short messages about what was just done. */
import { store } from "./store";

export interface Toast {
  id: number;
  text: string;
  tone: "good" | "bad";
  link?: { href: string; text: string };
}

export const toasts = store<readonly Toast[]>([]);
let last = 0;
const LASTS_MS = 7000;

export function say(text: string, tone: Toast["tone"] = "good", link?: Toast["link"]): void {
  last += 1;
  const id = last;
  toasts.set([...toasts.get().slice(-3), { id, text, tone, ...(link ? { link } : {}) }]);
  setTimeout(() => hush(id), LASTS_MS);
}

export function hush(id: number): void {
  toasts.set(toasts.get().filter((each) => each.id !== id));
}
