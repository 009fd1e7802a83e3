import type { ReactNode } from "react";

/** The sign of eQueue: three jobs in line, the first one leaving. */
export function Mark(): ReactNode {
  return (
    <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden className="shrink-0 text-accent">
      <rect x="2" y="4" width="9" height="4" rx="2" fill="currentColor" opacity="0.4" />
      <rect x="2" y="10" width="13" height="4" rx="2" fill="currentColor" opacity="0.7" />
      <rect x="7" y="16" width="15" height="4" rx="2" fill="currentColor" />
    </svg>
  );
}
