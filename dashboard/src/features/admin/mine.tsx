"use client";

import { type FormEvent, type ReactNode, useRef } from "react";
import { api } from "@/api/client";
import { Problem, told } from "@/api/problem";
import type { Me } from "@/api/queries";
import { hold } from "@/api/session";
import { useAct } from "@/lib/act";
import { Chip } from "@/ui/badge";
import { Button } from "@/ui/button";
import { TextField } from "@/ui/field";
import { Facts, Section } from "@/ui/page";

/** The own account, and another password for it. */
export function Mine({ me }: { me: Me }): ReactNode {
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      <Section title="Account">
        <Facts
          facts={[
            ["E-mail", me.email],
            ["Role", me.role],
            [
              "May",
              <span key="s" className="flex flex-wrap gap-1">
                {me.scopes.map((scope) => (
                  <Chip key={scope}>{scope}</Chip>
                ))}
              </span>,
            ],
            ["Id", me.user_id],
          ]}
        />
      </Section>
      <Section title="Another password">
        <PasswordForm />
      </Section>
    </div>
  );
}

function PasswordForm(): ReactNode {
  const form = useRef<HTMLFormElement>(null);
  const change = useAct({
    quiet: true,
    run: (given: FormData) =>
      api.post("/api/v1/me/password", {
        body: { current_password: String(given.get("current")), new_password: String(given.get("new")) },
      }),
    done: () => "The password is changed; all other sessions ended.",
    after: (answer) => {
      hold(answer);
      form.current?.reset();
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    change.mutate(new FormData(event.currentTarget));
  };
  const problem = change.error instanceof Problem ? change.error : null;
  const atNew = problem?.at("/new_password");
  return (
    <form ref={form} onSubmit={submit} className="grid gap-3">
      <TextField
        label="Present password"
        name="current"
        type="password"
        autoComplete="current-password"
        required
        error={change.error && !atNew ? told(change.error) : null}
      />
      <TextField
        label="New password"
        hint="12 characters to 72 bytes"
        name="new"
        type="password"
        autoComplete="new-password"
        minLength={12}
        required
        error={atNew}
      />
      <Button type="submit" tone="primary" className="justify-self-start" disabled={change.isPending}>
        Change
      </Button>
    </form>
  );
}
