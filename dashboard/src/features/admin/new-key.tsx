"use client";

import { type FormEvent, type ReactNode } from "react";
import { api, type Schemas } from "@/api/client";
import { told } from "@/api/problem";
import type { Scope } from "@/api/queries";
import { useMe } from "@/lib/access";
import { useAct } from "@/lib/act";
import { serverNow } from "@/lib/clock";
import { Button } from "@/ui/button";
import { Copy } from "@/ui/copy";
import { Dialog, DialogActions } from "@/ui/dialog";
import { CheckField, SelectField, TextField } from "@/ui/field";

const MEANS: Record<Scope, string> = {
  "jobs:write": "enqueue, and steer own jobs",
  "jobs:read": "read jobs",
  "jobs:admin": "steer anybody's jobs",
  "queues:admin": "pause and limit queues",
  "schedules:admin": "make and change schedules",
  worker: "take jobs and run them",
  "stats:read": "read statistics and events",
  admin: "people, keys, audit, system",
};

interface Props {
  onClose: () => void;
  onMade: (made: Schemas["NewApiKey"]) => void;
}

/** A key that may do no more than its owner. */
export function NewKey({ onClose, onMade }: Props): ReactNode {
  const scopes = useMe()?.scopes ?? [];
  const make = useAct({
    quiet: true,
    run: (form: FormData) => api.post("/api/v1/api-keys", { body: wish(form) }),
    done: () => null,
    after: onMade,
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    make.mutate(new FormData(event.currentTarget));
  };
  return (
    <Dialog title="New API key" open onClose={onClose}>
      <form onSubmit={submit} className="grid gap-3">
        <TextField label="Name" name="name" required maxLength={100} autoFocus />
        <fieldset className="grid gap-1.5">
          <legend className="mb-1 text-xs font-medium text-muted">It may</legend>
          {scopes.map((scope) => (
            <CheckField
              key={scope}
              label={scope}
              hint={MEANS[scope]}
              name="scope"
              value={scope}
              defaultChecked={scope === "jobs:write"}
            />
          ))}
        </fieldset>
        <TextField
          label="Only these queues"
          name="queues"
          hint="separated by commas; * stands for any text; none means all"
        />
        <SelectField label="Expires" name="days" defaultValue="90">
          <option value="7">in 7 days</option>
          <option value="90">in 90 days</option>
          <option value="365">in a year</option>
          <option value="">never</option>
        </SelectField>
        {make.error ? (
          <p role="alert" className="anywhere text-sm text-bad">
            {told(make.error)}
          </p>
        ) : null}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" tone="primary" disabled={make.isPending}>
            Make key
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

const DAY_MS = 86_400_000;

function wish(form: FormData): Schemas["ApiKeyRequest"] {
  const days = Number(form.get("days"));
  const queues = String(form.get("queues"))
    .split(",")
    .map((each) => each.trim())
    .filter(Boolean);
  return {
    name: String(form.get("name")).trim(),
    scopes: form.getAll("scope") as Scope[],
    queues,
    expires_at: days ? new Date(serverNow() + days * DAY_MS).toISOString() : null,
  };
}

/** Shows the secret of a key, this once. */
export function Secret({ made, onClose }: { made: Schemas["NewApiKey"]; onClose: () => void }): ReactNode {
  return (
    <Dialog title={`The key ${made.api_key.name}`} open onClose={onClose}>
      <p className="text-sm">Copy it now: it is not kept here, and is not shown again.</p>
      <div className="mt-3 flex items-center gap-1 rounded-md bg-sunken p-2">
        <code className="anywhere flex-1 text-xs select-all">{made.secret}</code>
        <Copy text={made.secret} label="Copy the key" />
      </div>
      <DialogActions>
        <Button tone="primary" onClick={onClose}>
          I have it
        </Button>
      </DialogActions>
    </Dialog>
  );
}
