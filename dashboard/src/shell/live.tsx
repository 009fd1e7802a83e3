"use client";

import { useQueryClient } from "@tanstack/react-query";
import { clsx } from "clsx";
import { Pause, Play } from "lucide-react";
import { type ReactNode, useSyncExternalStore } from "react";
import { onServer, useNow } from "@/lib/clock";
import { feed, type FeedState } from "@/lib/feed";
import { live } from "@/lib/preferences";
import { useStore } from "@/lib/store";
import { duration } from "@/lib/words";

const WORDS: Record<FeedState, string> = {
  live: "Live",
  paused: "Paused",
  reconnecting: "Reconnecting",
  polling: "Every 5 s",
};
const COLOURS: Record<FeedState, string> = {
  live: "bg-good",
  paused: "bg-line-strong",
  reconnecting: "bg-warn",
  polling: "bg-good",
};

/** Whether what is shown keeps itself fresh, and how old it is; a click pauses it and lets it go on. */
export function Live(): ReactNode {
  const state = useStore(feed, "reconnecting");
  const age = useAge();
  const paused = state === "paused";
  const old = age !== null && (state !== "live" || age >= 10) && age >= 1;
  const Icon = paused ? Play : Pause;
  return (
    <button
      type="button"
      onClick={() => live.set(paused ? "live" : "paused")}
      title={paused ? "Keep what is shown fresh" : "Leave what is shown as it is"}
      className="group flex h-8 items-center gap-1.5 rounded-md px-2 text-xs text-muted hover:bg-hover"
    >
      <span aria-hidden className={clsx("size-2 rounded-full", COLOURS[state])} />
      <span>{WORDS[state]}</span>
      {old ? <span className="hidden text-faint sm:inline">{duration(Math.floor(age))} old</span> : null}
      <Icon aria-hidden size={12} className="hidden text-faint sm:block" />
    </button>
  );
}

/** Return how many seconds ago the newest data came. */
function useAge(): number | null {
  const client = useQueryClient();
  const now = useNow();
  const newest = useSyncExternalStore(
    (listener) => client.getQueryCache().subscribe(listener),
    () =>
      Math.max(
        0,
        ...client
          .getQueryCache()
          .getAll()
          .filter((query) => query.isActive())
          .map((query) => query.state.dataUpdatedAt),
      ),
    () => 0,
  );
  return newest === 0 || now === 0 ? null : Math.max(0, (now - onServer(newest)) / 1000);
}
