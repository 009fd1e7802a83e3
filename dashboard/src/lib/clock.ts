/** What time it is, by the server's clock: no view compares against the clock of the machine it is looked at on. */
import { useSyncExternalStore } from "react";

let ahead = 0;
let now = 0;
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

/** Take note of the server's clock. */
export function heardTime(instant: string | null | undefined): void {
  const at = instant ? Date.parse(instant) : Number.NaN;
  if (!Number.isNaN(at)) ahead = at - Date.now();
}

/** Return the server's present time in milliseconds. */
export function serverNow(): number {
  return Date.now() + ahead;
}

/** Return what the server's clock showed at an instant of this machine's clock. */
export function onServer(local: number): number {
  return local + ahead;
}

function tick(): void {
  if (document.visibilityState === "hidden") return;
  now = serverNow();
  for (const listener of listeners) listener();
}

function watch(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(tick, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

function read(): number {
  if (Math.abs(serverNow() - now) > 1500) now = serverNow();
  return now;
}

/** Return the server's time, told anew each second while somebody looks. */
export function useNow(): number {
  return useSyncExternalStore(watch, read, () => 0);
}
