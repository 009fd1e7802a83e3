"use client";

import { X } from "lucide-react";
import type { ReactNode } from "react";
import type { Problem } from "@/api/problem";
import { terms, without } from "./filter";

/** Where a filter cannot be read, and what may have been meant. */
export function Refusal({ id, q, problem }: { id: string; q: string; problem: Problem }): ReactNode {
  const first = problem.document.errors?.[0];
  return (
    <p id={id} role="alert" className="anywhere text-xs text-bad">
      {first?.detail ?? problem.message}
      {typeof first?.position === "number" ? (
        <>
          {" "}
          at character {first.position + 1}: <code>{q.slice(first.position, first.position + 24) || "the end"}</code>
        </>
      ) : null}
    </p>
  );
}

/** The conditions of a filter, each with a way to take it out. */
export function Chips({ q, onAsk }: { q: string; onAsk: (q: string) => void }): ReactNode {
  const all = terms(q);
  if (all.length === 0 || all.some(({ text }) => text === "OR")) return null;
  return (
    <ul aria-label="Conditions" className="flex flex-wrap gap-1">
      {all.map((term) => (
        <li key={term.start} className="inline-flex max-w-full items-center rounded-full bg-sunken text-xs">
          <code className="anywhere py-0.5 pl-2">{term.text}</code>
          <button
            type="button"
            aria-label={`Remove ${term.text}`}
            onClick={() => onAsk(without(q, term))}
            className="grid size-6 place-items-center rounded-full text-faint hover:text-text"
          >
            <X aria-hidden size={11} />
          </button>
        </li>
      ))}
    </ul>
  );
}
