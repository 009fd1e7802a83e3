"use client";

import { useQuery } from "@tanstack/react-query";
import { UserPlus } from "lucide-react";
import { type FormEvent, type ReactNode, useMemo, useState } from "react";
import { api, type Schemas } from "@/api/client";
import { told } from "@/api/problem";
import { usersQuery } from "@/api/admin-queries";
import type { Role } from "@/api/queries";
import { useAct } from "@/lib/act";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Dialog, DialogActions } from "@/ui/dialog";
import { SelectField, TextField } from "@/ui/field";
import { Section } from "@/ui/page";
import { Shown } from "@/ui/states";
import { type Column, DataTable } from "@/ui/table";
import { When } from "@/ui/time";

type User = Schemas["UserOut"];

const ROLES: Record<Role, string> = {
  member: "member: own jobs only",
  viewer: "viewer: sees everything",
  operator: "operator: steers jobs, queues, schedules",
  admin: "admin: people, keys, audit, system",
};

/** Everybody who may sign in, and with which role. */
export function Users(): ReactNode {
  const query = useQuery(usersQuery);
  const [making, setMaking] = useState(false);
  const change = useAct<{ user: User; body: Schemas["UserEditRequest"] }>({
    run: ({ user, body }) =>
      api.patch("/api/v1/users/{user_id}", { path: { user_id: user.id }, etag: user.etag, body }),
    done: (_, { user }) => `${user.email} is changed.`,
  });
  const { mutate, isPending } = change;
  const columns = useMemo<readonly Column<User>[]>(
    () => [
      {
        id: "email",
        header: "E-mail",
        className: "w-full sm:w-1/2",
        cell: ({ email }) => <bdi className="anywhere">{email}</bdi>,
      },
      {
        id: "role",
        header: "Role",
        cell: (user) => (
          <select
            aria-label={`Role of ${user.email}`}
            value={user.role}
            disabled={isPending}
            onChange={(event) => mutate({ user, body: { role: event.target.value as Role } })}
            className="h-7 rounded-md border border-line-strong bg-surface px-1 text-xs"
          >
            {Object.keys(ROLES).map((role) => (
              <option key={role}>{role}</option>
            ))}
          </select>
        ),
      },
      {
        id: "state",
        header: "State",
        from: "sm",
        cell: ({ disabled, has_password }) => (
          <Badge tone={disabled ? "bad" : "good"}>
            {disabled ? "disabled" : has_password ? "active" : "keys only"}
          </Badge>
        ),
      },
      { id: "created", header: "Made", from: "md", right: true, cell: ({ created_at }) => <When at={created_at} /> },
      {
        id: "do",
        header: <span className="sr-only">Actions</span>,
        cell: (user) => (
          <Button
            small
            disabled={isPending}
            aria-label={`${user.disabled ? "Enable" : "Disable"} ${user.email}`}
            onClick={() => mutate({ user, body: { disabled: !user.disabled } })}
          >
            {user.disabled ? "Enable" : "Disable"}
          </Button>
        ),
      },
    ],
    [mutate, isPending],
  );
  return (
    <Section
      title="People"
      flush
      aside={
        <Button small onClick={() => setMaking(true)}>
          <UserPlus aria-hidden size={14} /> New person
        </Button>
      }
    >
      <Shown query={query}>
        {(data) => <DataTable label="People" columns={columns} rows={data.items} rowId={({ id }) => id} />}
      </Shown>
      {making ? <NewUser onClose={() => setMaking(false)} /> : null}
    </Section>
  );
}

function NewUser({ onClose }: { onClose: () => void }): ReactNode {
  const make = useAct({
    quiet: true,
    run: (form: FormData) =>
      api.post("/api/v1/users", {
        body: {
          email: String(form.get("email")).trim(),
          role: form.get("role") as Role,
          password: String(form.get("password")) || null,
        },
      }),
    done: (user) => `${user.email} can sign in.`,
    after: onClose,
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    make.mutate(new FormData(event.currentTarget));
  };
  return (
    <Dialog title="New person" open onClose={onClose}>
      <form onSubmit={submit} className="grid gap-3">
        <TextField label="E-mail" name="email" inputMode="email" autoCapitalize="none" required autoComplete="off" />
        <SelectField label="Role" name="role" defaultValue="member">
          {Object.entries(ROLES).map(([role, words]) => (
            <option key={role} value={role}>
              {words}
            </option>
          ))}
        </SelectField>
        <TextField
          label="Password"
          hint="12 characters to 72 bytes; without one only keys lead in"
          name="password"
          type="password"
          autoComplete="new-password"
          error={make.error ? told(make.error) : null}
        />
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" tone="primary" disabled={make.isPending}>
            Make
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
