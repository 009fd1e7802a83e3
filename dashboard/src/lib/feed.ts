/** Keeps what is on the screen fresh: events only say what changed, the views ask again. Hidden tabs stay silent. */
import type { QueryClient } from "@tanstack/react-query";
import { Problem } from "@/api/problem";
import { readSession, watchSession } from "@/api/session";
import { live } from "./preferences";
import { store } from "./store";
import { readStream } from "./stream";

export type FeedState = "live" | "paused" | "reconnecting" | "polling";
export const feed = store<FeedState>("reconnecting");

const AGAIN_MS = [500, 1000, 2000, 5000, 10_000];
const POLL_MS = 5000;
const GATHER_MS = 400;

/** Follow the API's events until the returned function is called. Members poll: events are about everybody's jobs. */
export function follow(client: QueryClient, may: boolean): () => void {
  const gatherer = gather(client);
  let running: AbortController | null = null;
  const review = (): void => {
    const wanted = document.visibilityState === "visible" && live.get() === "live" && readSession().kind === "in";
    if (wanted && running === null) {
      running = new AbortController();
      void (may ? listen(running.signal, gatherer) : poll(running.signal, gatherer));
    } else if (!wanted && running !== null) {
      running.abort();
      running = null;
    }
    if (live.get() === "paused") feed.set("paused");
  };
  const stops = [live.watch(review), watchSession(review)];
  document.addEventListener("visibilitychange", review);
  review();
  return () => {
    document.removeEventListener("visibilitychange", review);
    for (const stop of stops) stop();
    running?.abort();
    gatherer.stop();
  };
}

async function listen(signal: AbortSignal, gatherer: Gatherer): Promise<void> {
  let last = "";
  gatherer.all();
  for (let tries = 0; !signal.aborted; tries += 1) {
    try {
      feed.set("reconnecting");
      await readStream(
        "/api/v1/events",
        signal,
        ({ event, data, id }) => {
          last = id || last;
          if (event === "resync") gatherer.all();
          if (event === "changed") gatherer.some((JSON.parse(data) as { topics: string[] }).topics);
        },
        last,
        () => {
          tries = 0;
          feed.set("live");
        },
      );
    } catch (error) {
      // Why the stream ended does not matter: it is opened again, and then says `resync`. Where there is none, we poll.
      if (error instanceof Problem && error.status < 500) return poll(signal, gatherer);
    }
    if (!signal.aborted) {
      feed.set("reconnecting");
      await pause(AGAIN_MS[Math.min(tries, AGAIN_MS.length - 1)] ?? POLL_MS, signal);
      gatherer.all();
    }
  }
}

async function poll(signal: AbortSignal, gatherer: Gatherer): Promise<void> {
  feed.set("polling");
  while (!signal.aborted) {
    gatherer.all();
    await pause(POLL_MS, signal);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

interface Gatherer {
  some: (topics: readonly string[]) => void;
  all: () => void;
  stop: () => void;
}

/** Let changes come together for a moment, so that a burst is one look. The first part of a query key is its topic. */
function gather(client: QueryClient): Gatherer {
  const waiting = new Set<string>();
  let everything = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = (): void => {
    timer = undefined;
    const topics = new Set(waiting);
    const all = everything;
    waiting.clear();
    everything = false;
    void client.invalidateQueries({
      predicate: ({ queryKey, meta }) => !meta?.["still"] && (all || topics.has(String(queryKey[0]))),
    });
  };
  const soon = (): void => {
    timer ??= setTimeout(flush, GATHER_MS);
  };
  return {
    some: (topics) => {
      for (const topic of topics) waiting.add(topic);
      soon();
    },
    all: () => {
      everything = true;
      soon();
    },
    stop: () => clearTimeout(timer),
  };
}
