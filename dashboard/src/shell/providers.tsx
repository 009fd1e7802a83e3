"use client";

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { NuqsAdapter } from "nuqs/adapters/next/app";
import { type ReactNode, useEffect, useState } from "react";
import { again, passes } from "@/lib/again";
import { applyTheme, theme } from "@/lib/preferences";

const TRIES = 3;

function newClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      // Also where the browser believes to be offline: the API may be on this machine, and silence would tell nothing.
      queries: {
        staleTime: 2000,
        retry: (failures, error) => passes(error) && failures < TRIES - 1,
        retryDelay: (tries) => 500 * 2 ** tries,
        refetchInterval: ({ state }) => again(state.error),
        networkMode: "always",
      },
      mutations: { retry: false, networkMode: "always" },
    },
  });
}

/** What every page stands on. */
export function Providers({ children }: { children: ReactNode }): ReactNode {
  const [client] = useState(newClient);
  useEffect(() => {
    applyTheme();
    const stop = theme.watch(applyTheme);
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", applyTheme);
    return () => {
      stop();
      system.removeEventListener("change", applyTheme);
    };
  }, []);
  return (
    <QueryClientProvider client={client}>
      <NuqsAdapter>{children}</NuqsAdapter>
    </QueryClientProvider>
  );
}
