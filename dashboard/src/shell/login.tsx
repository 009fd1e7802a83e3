"use client";

import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { told } from "@/api/problem";
import { logIn, type Why } from "@/api/session";
import { Button } from "@/ui/button";
import { TextField } from "@/ui/field";
import { Mark } from "./mark";

const WHY: Record<Why, string | null> = {
  first: null,
  expired: "Your session ended: it was too old, or was ended elsewhere. Sign in, and this page is as you left it.",
  left: "You signed out.",
  revoked: "Your session was ended.",
};

/** Signs a person in; what goes wrong is told in place. */
export function Login({ why }: { why: Why }): ReactNode {
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  const client = useQueryClient();
  useEffect(() => first.current?.focus(), []);
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setError(null);
    try {
      await logIn(String(form.get("email")), String(form.get("password")));
      await client.invalidateQueries({ queryKey: ["me"] });
    } catch (problem) {
      setError(told(problem));
      setBusy(false);
    }
  };
  return (
    <main className="grid min-h-dvh place-items-center p-4">
      <form onSubmit={(event) => void submit(event)} className="card grid w-full max-w-sm gap-4 p-6 shadow-float">
        <div className="flex items-center gap-2">
          <Mark />
          <h1 className="text-lg font-semibold">Sign in to eQueue</h1>
        </div>
        {WHY[why] ? <p className="rounded-md bg-sunken px-3 py-2 text-sm text-muted">{WHY[why]}</p> : null}
        <TextField
          ref={first}
          label="E-mail"
          name="email"
          inputMode="email"
          autoCapitalize="none"
          autoComplete="username"
          required
        />
        <TextField
          label="Password"
          name="password"
          type="password"
          autoComplete="current-password"
          required
          error={error}
        />
        <Button type="submit" tone="primary" disabled={busy}>
          {busy ? "Signing in…" : "Sign in"}
        </Button>
        <p className="text-xs text-faint">
          No account? An administrator makes one under Admin, or with <code>equeue users create</code>.
        </p>
      </form>
    </main>
  );
}
