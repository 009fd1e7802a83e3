"use client";

import { CircleCheck, TriangleAlert, X } from "lucide-react";
import Link from "next/link";
import type { ReactNode } from "react";
import { useStore } from "@/lib/store";
import { hold, hush, release, toasts } from "@/lib/toasts";
import { IconButton } from "./button";

/** Where short messages appear; screen readers hear them. */
export function Toasts(): ReactNode {
  const shown = useStore(toasts, []);
  return (
    <div
      role="status"
      aria-label="Messages"
      className="pointer-events-none fixed right-3 bottom-3 z-50 grid w-[min(24rem,calc(100vw-1.5rem))] gap-2"
    >
      {shown.map((toast) => {
        const Icon = toast.tone === "good" ? CircleCheck : TriangleAlert;
        return (
          <div
            key={toast.id}
            onPointerEnter={() => hold(toast.id)}
            onPointerLeave={() => release(toast.id)}
            onFocus={() => hold(toast.id)}
            onBlur={() => release(toast.id)}
            className="card pointer-events-auto flex items-start gap-2 py-2 pr-1 pl-3 shadow-float"
          >
            <Icon
              aria-hidden
              size={16}
              className={`mt-1.5 shrink-0 ${toast.tone === "good" ? "text-good" : "text-bad"}`}
            />
            <p className="anywhere min-w-0 flex-1 py-1 text-sm">
              {toast.text}{" "}
              {toast.link ? (
                <Link prefetch={false} href={toast.link.href} className="text-accent underline">
                  {toast.link.text}
                </Link>
              ) : null}
            </p>
            <IconButton label="Dismiss" onClick={() => hush(toast.id)}>
              <X aria-hidden size={14} />
            </IconButton>
          </div>
        );
      })}
    </div>
  );
}
