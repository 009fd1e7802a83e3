"use client";

import dynamic from "next/dynamic";
import { useRouter } from "next/navigation";
import { type ReactNode, Suspense, useMemo, useRef, useState } from "react";
import { useHotkeys } from "@/lib/hotkeys";
import { Loading } from "@/ui/states";
import { Toasts } from "@/ui/toasts";
import { Gate } from "./gate";
import { PLACES } from "./places";
import { Rail } from "./rail";
import { Topbar } from "./topbar";

const Palette = dynamic(() => import("./palette").then((module) => module.Palette), { ssr: false });

/** Everything around a page. */
export function Shell({ children }: { children: ReactNode }): ReactNode {
  return (
    <>
      <Gate>
        <Frame>{children}</Frame>
      </Gate>
      <Toasts />
    </>
  );
}

function Frame({ children }: { children: ReactNode }): ReactNode {
  const router = useRouter();
  const search = useRef<HTMLInputElement>(null);
  const [palette, setPalette] = useState(false);
  const [rail, setRail] = useState(false);
  const keys = useMemo(
    () => ({
      "/": () => search.current?.focus(),
      "mod+k": () => setPalette(true),
      ...Object.fromEntries(PLACES.map(({ key, href }) => [`g ${key}`, () => router.push(href)])),
    }),
    [router],
  );
  useHotkeys(keys);
  return (
    <div className="flex min-h-dvh">
      <a
        href="#content"
        className="sr-only z-50 rounded-md bg-surface px-3 py-2 focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        Skip to the content
      </a>
      {rail ? (
        <div aria-hidden className="fixed inset-0 z-30 bg-black/40 md:hidden" onClick={() => setRail(false)} />
      ) : null}
      <Rail open={rail} onFollow={() => setRail(false)} />
      <div className="flex min-w-0 flex-1 flex-col">
        <Topbar search={search} onPalette={() => setPalette(true)} onRail={() => setRail(!rail)} railOpen={rail} />
        <main id="content" tabIndex={-1} className="min-w-0 flex-1 outline-none">
          <Suspense fallback={<Loading />}>{children}</Suspense>
        </main>
      </div>
      {palette ? <Palette onClose={() => setPalette(false)} /> : null}
    </div>
  );
}
