/** What a person prefers, kept in this browser. */
import { store, type Store, useStore } from "./store";

export type Theme = "system" | "light" | "dark";
export type Zone = "local" | "utc";

function kept<T extends string>(name: string, choices: readonly T[]): Store<T> {
  const first = choices[0] as T;
  const value = store<T>(first);
  try {
    const found = localStorage.getItem(name) as T | null;
    if (found !== null && choices.includes(found)) value.set(found);
  } catch {
    return value;
  }
  return {
    ...value,
    set: (next) => {
      value.set(next);
      try {
        localStorage.setItem(name, next);
      } catch {
        // Storage may be full or forbidden: then the choice lasts as long as the page.
      }
    },
  };
}

export const theme = kept<Theme>("equeue.theme", ["system", "light", "dark"]);
export const zone = kept<Zone>("equeue.zone", ["local", "utc"]);
export const live = kept<"live" | "paused">("equeue.live", ["live", "paused"]);

export function useTheme(): Theme {
  return useStore(theme, "system");
}

export function useZone(): Zone {
  return useStore(zone, "local");
}

const shade = store<"light" | "dark">("light");

/** Return what the page wears now. */
export function useShade(): "light" | "dark" {
  return useStore(shade, "light");
}

/** Make the page light or dark. */
export function applyTheme(): void {
  const wanted = theme.get();
  const dark = wanted === "dark" || (wanted === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset["theme"] = dark ? "dark" : "light";
  shade.set(dark ? "dark" : "light");
}
