"use client";

import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { NuqsAdapter } from "nuqs/adapters/next/app";
import { type ReactNode, useEffect, useState } from "react";
import { Problem, SignedOut } from "@/api/problem";
import { applyTheme, theme } from "@/lib/preferences";

function again(failures: number, error: unknown): boolean {
  if (error instanceof SignedOut) return false;
  if (error instanceof Problem && error.status < 500) return false;
  return failures < 2;
}

function newClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: { staleTime: 2000, retry: again, retryDelay: (tries) => 500 * 2 ** tries, refetchOnWindowFocus: true },
      mutations: { retry: false },
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
