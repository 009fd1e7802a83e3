/** Which rows are chosen: one by one, by range with Shift, or all that the filter means. */
"use client";

import { useMemo, useRef, useState } from "react";

export interface Selection {
  ids: ReadonlySet<string>;
  all: boolean;
  toggle: (id: string, range: boolean) => void;
  togglePage: () => void;
  takeAll: () => void;
  clear: () => void;
}

const NOTHING: ReadonlySet<string> = new Set();

export function useSelection(rows: readonly string[]): Selection {
  const [ids, setIds] = useState(NOTHING);
  const [all, setAll] = useState(false);
  const last = useRef<string | null>(null);
  return useMemo(
    () => ({
      ids,
      all,
      toggle: (id, range) => {
        const from = last.current === null ? -1 : rows.indexOf(last.current);
        const to = rows.indexOf(id);
        const reach = range && from >= 0 ? rows.slice(Math.min(from, to), Math.max(from, to) + 1) : [id];
        last.current = id;
        setAll(false);
        setIds((before) => {
          const next = new Set(before);
          const add = !before.has(id);
          for (const each of reach) {
            if (add) next.add(each);
            else next.delete(each);
          }
          return next;
        });
      },
      togglePage: () => {
        setAll(false);
        setIds((before) => (rows.every((id) => before.has(id)) ? NOTHING : new Set(rows)));
      },
      takeAll: () => setAll(true),
      clear: () => {
        setAll(false);
        setIds(NOTHING);
      },
    }),
    [ids, all, rows],
  );
}
