/** Does one thing through the API, tells how it went, and lets every view look again. */
"use client";

import { useMutation, type UseMutationResult, useQueryClient } from "@tanstack/react-query";
import { told } from "@/api/problem";
import { say, type Toast } from "./toasts";

interface Act<Input, Output> {
  run: (input: Input) => Promise<Output>;
  done: (output: Output, input: Input) => string | readonly [string, NonNullable<Toast["link"]>] | null;
  after?: (output: Output) => void;
  /** The view shows refusals in place. */
  quiet?: boolean;
}

export function useAct<Input = void, Output = unknown>({
  run,
  done,
  after,
  quiet = false,
}: Act<Input, Output>): UseMutationResult<Output, Error, Input> {
  const client = useQueryClient();
  return useMutation({
    mutationFn: run,
    onSuccess: (output, input) => {
      const said = done(output, input);
      if (typeof said === "string") say(said);
      else if (said !== null) say(said[0], "good", said[1]);
      void client.invalidateQueries({ predicate: ({ meta }) => !meta?.["still"] });
      after?.(output);
    },
    onError: (error) => {
      if (!quiet) say(told(error), "bad");
    },
  });
}
