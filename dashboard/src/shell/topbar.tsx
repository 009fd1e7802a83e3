"use client";

import { Command, Menu as MenuIcon, Search } from "lucide-react";
import { useRouter } from "next/navigation";
import { type FormEvent, type ReactNode, type RefObject } from "react";
import { IconButton } from "@/ui/button";
import { Live } from "./live";
import { UserMenu, ViewMenu } from "./user-menu";

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

interface Props {
  search: RefObject<HTMLInputElement | null>;
  onPalette: () => void;
  onRail: () => void;
  railOpen: boolean;
}

/** Search, palette, how fresh everything is, how it looks, and who is there. */
export function Topbar({ search, onPalette, onRail, railOpen }: Props): ReactNode {
  const router = useRouter();
  const find = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const text = search.current?.value.trim() ?? "";
    if (text === "") return;
    router.push(ID.test(text) ? `/jobs/view/?id=${text.toLowerCase()}` : `/jobs/?q=${encodeURIComponent(text)}`);
    search.current?.blur();
  };
  return (
    <header className="sticky top-0 z-30 flex h-12 items-center gap-1 border-b border-line bg-bg/95 px-2 backdrop-blur sm:px-4">
      <IconButton label="Menu" aria-expanded={railOpen} aria-controls="rail" className="md:hidden" onClick={onRail}>
        <MenuIcon aria-hidden size={18} />
      </IconButton>
      <form role="search" onSubmit={find} className="relative min-w-0 flex-1 sm:max-w-md">
        <Search aria-hidden size={14} className="absolute top-2.25 left-2.5 text-faint" />
        <input
          ref={search}
          type="search"
          aria-label="Find a job by id, or jobs by a filter"
          placeholder="Job id or filter  ( / )"
          className="h-8 w-full rounded-md border border-line bg-surface pr-2 pl-8 text-sm text-ellipsis"
        />
      </form>
      <IconButton label="Command palette (Ctrl K)" onClick={onPalette}>
        <Command aria-hidden size={16} />
      </IconButton>
      <div className="ml-auto flex items-center gap-0.5">
        <Live />
        <ViewMenu />
        <UserMenu />
      </div>
    </header>
  );
}
