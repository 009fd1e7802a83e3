"use client";

import { useQuery } from "@tanstack/react-query";
import { clsx } from "clsx";
import { Filter, X } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useId, useRef, useState } from "react";
import { api } from "@/api/client";
import { Problem } from "@/api/problem";
import { useFollowed } from "@/lib/followed";
import { Chips, Refusal } from "./chips";

interface Props {
  q: string;
  error: unknown;
  onAsk: (q: string) => void;
  label?: string;
}

/** The filter as text with completion, and as chips. Enter asks; Escape closes the list. */
export function FilterBox({ q, error, onAsk, label = "Filter" }: Props): ReactNode {
  const [text, setText] = useFollowed(q);
  const [place, setPlace] = useState(q.length);
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const { data } = useSuggestions(text, place, open);
  const items = open ? (data?.items ?? []) : [];
  const take = (chosen: string): void => {
    if (!data) return;
    const next = text.slice(0, data.start) + chosen + text.slice(data.end);
    const caret = data.start + chosen.length;
    setText(next);
    setPlace(caret);
    setAt(-1);
    requestAnimationFrame(() => {
      input.current?.focus();
      input.current?.setSelectionRange(caret, caret);
    });
  };
  const steer = (event: KeyboardEvent): void => {
    const chosen = items[at];
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!open) setOpen(true);
      else if (items.length > 0)
        setAt((at + (event.key === "ArrowDown" ? 1 : items.length - (at < 0 ? 0 : 1)) + items.length) % items.length);
    } else if ((event.key === "Enter" || event.key === "Tab") && chosen) {
      event.preventDefault();
      take(chosen.text);
    } else if (event.key === "Enter") {
      setOpen(false);
      onAsk(text.trim());
    } else if (event.key === "Escape") {
      setOpen(false);
    }
  };
  const refused = error instanceof Problem && error.status === 400 ? error : null;
  return (
    <div className="grid gap-1.5">
      <div className="relative">
        <Filter aria-hidden size={14} className="absolute top-2.25 left-2.5 text-faint" />
        <input
          ref={input}
          role="combobox"
          aria-label={label}
          aria-expanded={items.length > 0}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={at >= 0 ? `${id}-${at}` : undefined}
          aria-invalid={refused !== null}
          aria-describedby={refused ? `${id}-error` : undefined}
          value={text}
          spellCheck={false}
          autoComplete="off"
          placeholder='status:dead queue:mail payload.user.id:42 error~"reset" created:>-1h'
          onChange={(event) => {
            setText(event.target.value);
            setPlace(event.target.selectionStart ?? event.target.value.length);
            setOpen(true);
            setAt(-1);
          }}
          onKeyDown={steer}
          onBlur={() => setOpen(false)}
          className="h-8 w-full rounded-md border border-line-strong bg-surface pr-8 pl-8 font-mono text-xs"
        />
        {text ? (
          <button
            type="button"
            aria-label="Clear the filter"
            title="Clear the filter"
            onClick={() => {
              onAsk("");
              input.current?.focus();
            }}
            className="absolute top-1 right-1 grid size-6 place-items-center rounded text-faint hover:bg-hover"
          >
            <X aria-hidden size={14} />
          </button>
        ) : null}
        <ul
          id={`${id}-list`}
          role="listbox"
          aria-label="Completions"
          hidden={items.length === 0}
          className="absolute z-20 mt-1 max-h-72 w-full max-w-md overflow-auto rounded-lg border border-line bg-surface p-1 shadow-float"
        >
          {items.map((item, index) => (
            <li
              key={item.text}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === at}
              onPointerDown={(event) => {
                event.preventDefault();
                take(item.text);
              }}
              className={clsx(
                "flex justify-between gap-3 rounded-md px-2 py-1 text-xs",
                index === at ? "bg-hover" : "hover:bg-hover",
              )}
            >
              <code className="anywhere">{item.text}</code>
              <span className="truncate text-faint">{item.about}</span>
            </li>
          ))}
        </ul>
      </div>
      {refused ? <Refusal id={`${id}-error`} q={q} problem={refused} /> : null}
      <Chips q={q} onAsk={onAsk} />
    </div>
  );
}

function useSuggestions(q: string, position: number, open: boolean) {
  return useQuery({
    queryKey: ["suggest", q, position],
    queryFn: ({ signal }) => api.get("/api/v1/filters/suggest", { query: { q, position }, signal }),
    enabled: open,
    staleTime: 30_000,
    meta: { still: true },
  });
}
