"use client";

import { clsx } from "clsx";
import { type ReactNode, use } from "react";
import { CloseMenu } from "./menu";

const ITEM =
  "flex w-full items-center gap-2 rounded-md px-2 py-1.5 text-left text-sm outline-none hover:bg-hover focus:bg-hover disabled:opacity-50";

export function MenuItem({
  onSelect,
  danger = false,
  children,
}: {
  onSelect: () => void;
  danger?: boolean;
  children: ReactNode;
}): ReactNode {
  const close = use(CloseMenu);
  const select = (): void => {
    close();
    onSelect();
  };
  return (
    <button type="button" role="menuitem" tabIndex={-1} onClick={select} className={clsx(ITEM, danger && "text-bad")}>
      {children}
    </button>
  );
}

export function MenuCheck({
  checked,
  onChange,
  children,
}: {
  checked: boolean;
  onChange: (checked: boolean) => void;
  children: ReactNode;
}): ReactNode {
  return (
    <button
      type="button"
      role="menuitemcheckbox"
      aria-checked={checked}
      tabIndex={-1}
      onClick={() => onChange(!checked)}
      className={ITEM}
    >
      <span aria-hidden className="w-4 text-accent">
        {checked ? "✓" : ""}
      </span>
      {children}
    </button>
  );
}

interface ChoiceProps<T extends string> {
  label: string;
  value: T;
  onChange: (value: T) => void;
  choices: Record<T, string>;
}

export function MenuChoice<T extends string>({ label, value, onChange, choices }: ChoiceProps<T>): ReactNode {
  return (
    <div role="group" aria-label={label}>
      {(Object.keys(choices) as T[]).map((choice) => (
        <button
          key={choice}
          type="button"
          role="menuitemradio"
          aria-checked={choice === value}
          tabIndex={-1}
          onClick={() => onChange(choice)}
          className={ITEM}
        >
          <span aria-hidden className="w-4 text-accent">
            {choice === value ? "•" : ""}
          </span>
          {choices[choice]}
        </button>
      ))}
    </div>
  );
}

export function MenuLabel({ children }: { children: ReactNode }): ReactNode {
  return <div className="px-2 pt-1.5 pb-1 text-xs text-faint">{children}</div>;
}

export function MenuLine(): ReactNode {
  return <div role="separator" className="my-1 h-px bg-line" />;
}
