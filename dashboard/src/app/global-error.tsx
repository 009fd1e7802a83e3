"use client";

import type { ReactNode } from "react";

export default function GlobalError({ reset }: { error: Error; reset: () => void }): ReactNode {
  return (
    <html lang="en">
      <body>
        <h1>The dashboard stopped</h1>
        <p>Something in it went wrong. Your jobs are not affected.</p>
        <button type="button" onClick={reset}>
          Start it again
        </button>
      </body>
    </html>
  );
}
