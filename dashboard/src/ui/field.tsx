"use client";

import { clsx } from "clsx";
import { type ComponentProps, type ReactNode, useId } from "react";

const BOX =
  "w-full rounded-md border border-line-strong bg-surface px-2.5 text-sm text-text outline-offset-0 focus-visible:outline-2 focus-visible:outline-accent aria-[invalid=true]:border-bad disabled:opacity-60";

interface Labelled {
  label: string;
  hint?: ReactNode;
  error?: string | null | undefined;
}

interface Wiring {
  id: string;
  "aria-describedby"?: string;
  "aria-invalid"?: boolean;
}

function Field({ label, hint, error, children }: Labelled & { children: (wiring: Wiring) => ReactNode }): ReactNode {
  const id = useId();
  const said = [hint ? `${id}-hint` : null, error ? `${id}-error` : null].filter(Boolean).join(" ");
  return (
    <div className="grid content-start gap-1">
      <label htmlFor={id} className="text-xs font-medium text-muted">
        {label}
      </label>
      {children({ id, ...(said ? { "aria-describedby": said } : {}), ...(error ? { "aria-invalid": true } : {}) })}
      {hint ? (
        <p id={`${id}-hint`} className="text-xs text-faint">
          {hint}
        </p>
      ) : null}
      {error ? (
        <p id={`${id}-error`} role="alert" className="anywhere text-xs text-bad">
          {error}
        </p>
      ) : null}
    </div>
  );
}

export function TextField({ label, hint, error, className, ...rest }: Labelled & ComponentProps<"input">): ReactNode {
  return (
    <Field label={label} hint={hint} error={error}>
      {(wiring) => <input className={clsx(BOX, "h-8", className)} {...rest} {...wiring} />}
    </Field>
  );
}

export function AreaField({
  label,
  hint,
  error,
  className,
  ...rest
}: Labelled & ComponentProps<"textarea">): ReactNode {
  return (
    <Field label={label} hint={hint} error={error}>
      {(wiring) => (
        <textarea
          spellCheck={false}
          className={clsx(BOX, "py-1.5 font-mono text-xs", className)}
          {...rest}
          {...wiring}
        />
      )}
    </Field>
  );
}

export function SelectField({
  label,
  hint,
  error,
  className,
  children,
  ...rest
}: Labelled & ComponentProps<"select">): ReactNode {
  return (
    <Field label={label} hint={hint} error={error}>
      {(wiring) => (
        <select className={clsx(BOX, "h-8", className)} {...rest} {...wiring}>
          {children}
        </select>
      )}
    </Field>
  );
}

export function CheckField({
  label,
  hint,
  ...rest
}: { label: string; hint?: ReactNode } & ComponentProps<"input">): ReactNode {
  const id = useId();
  return (
    <div className="flex items-start gap-2">
      <input type="checkbox" id={id} className="mt-0.5 size-4 accent-(--accent)" {...rest} />
      <label htmlFor={id} className="text-sm">
        {label}
        {hint ? <span className="block text-xs text-faint">{hint}</span> : null}
      </label>
    </div>
  );
}

/** On or off, at once. */
export function Switch({
  label,
  on,
  onChange,
  disabled,
}: {
  label: string;
  on: boolean;
  onChange: (on: boolean) => void;
  disabled?: boolean;
}): ReactNode {
  return (
    <button
      type="button"
      role="switch"
      aria-checked={on}
      aria-label={label}
      title={label}
      disabled={disabled}
      onClick={() => onChange(!on)}
      className={clsx(
        "relative h-5 w-9 shrink-0 rounded-full transition-colors disabled:opacity-55",
        on ? "bg-accent" : "bg-line-strong",
      )}
    >
      <span
        aria-hidden
        className={clsx(
          "absolute top-0.5 left-0.5 size-4 rounded-full bg-surface transition-transform",
          on && "translate-x-4",
        )}
      />
    </button>
  );
}
