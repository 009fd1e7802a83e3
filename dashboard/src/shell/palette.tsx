"use client";

import { Command } from "cmdk";
import { useRouter } from "next/navigation";
import { type ReactNode, useState } from "react";
import { useMe } from "@/lib/access";
import { live, theme, zone } from "@/lib/preferences";
import { Dialog } from "@/ui/dialog";
import { PLACES } from "./places";

interface Act {
  name: string;
  group: string;
  hint?: string;
  run: () => void;
}

/** Everything by name: pages, ready-made filters, settings, and any job by its id. */
export function Palette({ onClose }: { onClose: () => void }): ReactNode {
  const router = useRouter();
  const [text, setText] = useState("");
  const scopes = useMe()?.scopes ?? [];
  const go = (href: string) => () => router.push(href);
  const filter = (q: string) => go(`/jobs/?q=${encodeURIComponent(q)}`);
  const acts: Act[] = [
    ...PLACES.filter(({ scope }) => scope === undefined || scopes.includes(scope)).map((place) => ({
      name: place.name,
      group: "Go to",
      hint: `g ${place.key}`,
      run: go(place.href),
    })),
    { name: "Jobs that died within a day", group: "Look at", run: filter("status:dead finished:>-1d") },
    { name: "Jobs that run now", group: "Look at", run: filter("status:running") },
    { name: "Jobs that wait and are due", group: "Look at", run: filter("status:queued run_at:<=now") },
    { name: "Jobs that are to be retried", group: "Look at", run: filter("status:queued retry_count:>0") },
    { name: "Enqueue a job", group: "Do", run: go("/tasks/") },
    ...(scopes.includes("schedules:admin") ? [{ name: "New schedule", group: "Do", run: go("/schedules/edit/") }] : []),
    { name: "Light colours", group: "Set", run: () => theme.set("light") },
    { name: "Dark colours", group: "Set", run: () => theme.set("dark") },
    { name: "Times in UTC", group: "Set", run: () => zone.set("utc") },
    { name: "Local times", group: "Set", run: () => zone.set("local") },
    {
      name: live.get() === "paused" ? "Go live" : "Pause live updates",
      group: "Set",
      run: () => live.set(live.get() === "paused" ? "live" : "paused"),
    },
    ...(text.trim() ? [{ name: `Find jobs: ${text.trim()}`, group: "Find", run: filter(text.trim()) }] : []),
  ];
  const groups = [...new Set(acts.map(({ group }) => group))];
  return (
    <Dialog title="Commands" open onClose={onClose}>
      <Command label="Commands" loop>
        <Command.Input
          autoFocus
          value={text}
          onValueChange={setText}
          placeholder="Where to, or what to do"
          className="h-9 w-full rounded-md border border-line-strong bg-surface px-3 text-sm"
        />
        <Command.List className="mt-2 max-h-[50dvh] overflow-auto">
          <Command.Empty className="p-3 text-sm text-muted">Nothing is called that.</Command.Empty>
          {groups.map((group) => (
            <Command.Group
              key={group}
              heading={group}
              className="[&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:text-faint"
            >
              {acts
                .filter((act) => act.group === group)
                .map((act) => (
                  <Command.Item
                    key={act.name}
                    value={act.name}
                    onSelect={() => {
                      onClose();
                      act.run();
                    }}
                    className="flex cursor-pointer items-center justify-between gap-2 rounded-md px-2 py-1.5 text-sm data-[selected=true]:bg-hover"
                  >
                    <span className="anywhere">{act.name}</span>
                    {act.hint ? <kbd className="text-xs text-faint">{act.hint}</kbd> : null}
                  </Command.Item>
                ))}
            </Command.Group>
          ))}
        </Command.List>
      </Command>
    </Dialog>
  );
}
