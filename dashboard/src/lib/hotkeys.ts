/** Keys that work anywhere but where somebody writes. */
import { useEffect } from "react";

function writes(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  return !!element?.closest?.("input, textarea, select, [contenteditable=true], dialog");
}

/** Run the action of a key; names are `/`, `g j` (one after the other) or `mod+k`. */
export function useHotkeys(actions: Readonly<Record<string, () => void>>): void {
  useEffect(() => {
    let before = "";
    const heed = (event: KeyboardEvent): void => {
      const held = event.ctrlKey || event.metaKey;
      if (event.altKey || (!held && writes(event.target))) return;
      const key = held ? `mod+${event.key.toLowerCase()}` : event.key;
      const action = actions[`${before} ${key}`] ?? actions[key];
      before = held ? "" : key;
      if (action === undefined) return;
      event.preventDefault();
      before = "";
      action();
    };
    window.addEventListener("keydown", heed);
    return () => window.removeEventListener("keydown", heed);
  }, [actions]);
}
