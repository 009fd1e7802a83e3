"use client";

import type { ReactNode } from "react";
import { Failure } from "@/ui/states";

export default function PageError({ error, reset }: { error: Error; reset: () => void }): ReactNode {
  return <Failure error={error} onRetry={reset} />;
}
