"use client";

import { clsx } from "clsx";
import Link from "next/link";
import { usePathname } from "next/navigation";
import type { ReactNode } from "react";
import { useMe } from "@/lib/access";
import { Mark } from "./mark";
import { PLACES } from "./places";

/** The way to every page: icons alone where there is less room, a sheet on a telephone. */
export function Rail({ open, onFollow }: { open: boolean; onFollow: () => void }): ReactNode {
  const path = usePathname();
  const scopes = useMe()?.scopes;
  return (
    <nav
      aria-label="Main"
      id="rail"
      className={clsx(
        "z-40 shrink-0 border-r border-line bg-sunken md:block md:w-14 lg:w-48",
        open ? "fixed inset-y-0 left-0 w-56 shadow-float md:static md:shadow-none" : "hidden",
      )}
    >
      <div className="sticky top-0 flex flex-col gap-0.5 p-2">
        <div className="mb-2 flex h-9 items-center gap-2 px-2">
          <Mark />
          <span className="text-base font-semibold tracking-tight md:hidden lg:inline">eQueue</span>
        </div>
        {PLACES.filter(({ scope }) => scope === undefined || scopes?.includes(scope)).map(
          ({ href, name, icon: Icon }) => {
            const here = href === "/" ? path === "/" : path.startsWith(href);
            return (
              <Link
                key={href}
                href={href}
                prefetch={false}
                onClick={onFollow}
                title={name}
                aria-current={here ? "page" : undefined}
                className={clsx(
                  "flex h-9 items-center gap-2.5 rounded-md px-2.5 text-sm md:justify-center lg:h-8 lg:justify-start",
                  here ? "bg-accent-soft font-medium text-accent" : "text-muted hover:bg-hover hover:text-text",
                )}
              >
                <Icon aria-hidden size={16} className="shrink-0" />
                <span className="md:sr-only lg:not-sr-only">{name}</span>
              </Link>
            );
          },
        )}
      </div>
    </nav>
  );
}
