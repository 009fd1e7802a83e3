"use client";

import { Inbox, SearchX } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "@/ui/button";
import { Copy } from "@/ui/copy";
import { TextLink } from "@/ui/link";
import { Empty } from "@/ui/states";

const SNIPPETS: readonly (readonly [string, string])[] = [
  ["A shell", "equeue enqueue email.send_welcome user_id=42"],
  ["Python", 'client.enqueue("email.send_welcome", {"user_id": 42})'],
  [
    "SQL, in your own transaction",
    "insert into equeue.jobs (task, payload) values ('email.send_welcome', '{\"user_id\": 42}')",
  ],
];

/** Nothing is here: because of the filter, or because there was never a job. */
export function NoJobs({ q, onClear }: { q: string; onClear: () => void }): ReactNode {
  if (q !== "") {
    return (
      <Empty icon={SearchX} title="No job fits this filter">
        <Button onClick={onClear}>Clear the filter</Button>
      </Empty>
    );
  }
  return (
    <Empty icon={Inbox} title="No jobs yet">
      <p>
        Enqueue one from a{" "}
        <TextLink className="underline" href="/tasks/">
          task
        </TextLink>
        , or from
      </p>
      <ul className="mt-3 grid gap-2 text-left">
        {SNIPPETS.map(([name, text]) => (
          <li key={name}>
            <span className="text-xs text-faint">{name}</span>
            <div className="flex items-center gap-1 rounded-md bg-sunken px-2 py-1">
              <code className="anywhere flex-1 text-xs">{text}</code>
              <Copy text={text} />
            </div>
          </li>
        ))}
      </ul>
    </Empty>
  );
}
