/** Follows one job while it waits or runs and somebody looks. */
"use client";

import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { parseAnswer } from "@/api/json";
import { type Job, jobQuery } from "@/api/queries";
import { useVisible } from "@/lib/visible";
import { readStream } from "@/lib/stream";

const AGAIN_MS = 3000;

export function useJobStream(id: string, over: boolean): void {
  const client = useQueryClient();
  const visible = useVisible();
  useEffect(() => {
    if (id === "" || over || !visible) return undefined;
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const key = jobQuery(id).queryKey;
    const renew = (): void => {
      void client.invalidateQueries({ queryKey: key });
      void client.invalidateQueries({ queryKey: ["jobs", "attempts", id] });
      void client.invalidateQueries({ queryKey: ["jobs", "explain", id] });
    };
    const follow = (): void => {
      readStream(`/api/v1/jobs/${id}/stream`, stop.signal, ({ event, data }) => {
        if (event !== "progress") return renew();
        const { progress } = parseAnswer(data) as { progress: unknown };
        client.setQueryData(key, (job: Job | undefined) => (job ? { ...job, progress } : job));
      })
        .catch(() => undefined)
        .finally(() => {
          if (!stop.signal.aborted) timer = setTimeout(follow, AGAIN_MS);
        });
    };
    follow();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [client, id, over, visible]);
}
