"use client";

import { useQuery } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { type ReactNode, useMemo, useState } from "react";
import { api, type Schemas } from "@/api/client";
import { keysQuery } from "@/api/admin-queries";
import { useAct } from "@/lib/act";
import { Badge, Chip } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Section } from "@/ui/page";
import { Empty, Shown } from "@/ui/states";
import { type Column, DataTable } from "@/ui/table";
import { When } from "@/ui/time";
import { NewKey, Secret } from "./new-key";

type Key = Schemas["ApiKeyOut"];
type Made = Schemas["NewApiKey"];

/** Keys of machines: what each may do, when it was used last, and a way to end it. */
export function Keys(): ReactNode {
  const query = useQuery(keysQuery(null));
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<Made | null>(null);
  const revoke = useAct<Key>({
    run: (key) => api.delete("/api/v1/api-keys/{key_id}", { path: { key_id: key.id } }),
    done: (_, key) => `${key.name} is good for nothing any more.`,
  });
  const rotate = useAct<Key, Made>({
    run: (key) => api.post("/api/v1/api-keys/{key_id}/rotate", { path: { key_id: key.id } }),
    done: () => null,
    after: setMade,
  });
  const { mutate: end } = revoke;
  const { mutate: renew } = rotate;
  const columns = useMemo(() => keyColumns(end, renew), [end, renew]);
  return (
    <Section
      title="API keys"
      flush
      aside={
        <Button small onClick={() => setMaking(true)}>
          <KeyRound aria-hidden size={14} /> New key
        </Button>
      }
    >
      <Shown query={query}>
        {(data) =>
          data.items.length === 0 ? (
            <Empty icon={KeyRound} title="No keys yet">
              Machines sign in with a key: workers in other languages, producers, scripts.
            </Empty>
          ) : (
            <DataTable label="API keys" columns={columns} rows={data.items} rowId={({ id }) => id} />
          )
        }
      </Shown>
      {making ? (
        <NewKey
          onClose={() => setMaking(false)}
          onMade={(key) => {
            setMaking(false);
            setMade(key);
          }}
        />
      ) : null}
      {made ? <Secret made={made} onClose={() => setMade(null)} /> : null}
    </Section>
  );
}

function KeyState({ apiKey }: { apiKey: Key }): ReactNode {
  if (apiKey.revoked) return <Badge tone="idle">revoked</Badge>;
  return apiKey.expires_at ? (
    <Badge tone="good">
      expires <When at={apiKey.expires_at} />
    </Badge>
  ) : (
    <Badge tone="good">active</Badge>
  );
}

function keyColumns(end: (key: Key) => void, renew: (key: Key) => void): readonly Column<Key>[] {
  return [
    {
      id: "name",
      header: "Key",
      className: "w-full sm:w-2/5",
      cell: (key) => (
        <div className="grid gap-1">
          <bdi className="anywhere font-medium">{key.name}</bdi>
          <span className="flex flex-wrap gap-1">
            {key.scopes.map((scope) => (
              <Chip key={scope}>{scope}</Chip>
            ))}
            {key.queues.map((queue) => (
              <Chip key={queue}>queue {queue}</Chip>
            ))}
          </span>
        </div>
      ),
    },
    { id: "state", header: "State", from: "sm", cell: (key) => <KeyState apiKey={key} /> },
    {
      id: "used",
      header: "Last used",
      from: "md",
      right: true,
      cell: ({ last_used_at }) => <When at={last_used_at} absent="never" />,
    },
    { id: "made", header: "Made", from: "lg", right: true, cell: ({ created_at }) => <When at={created_at} /> },
    {
      id: "do",
      header: <span className="sr-only">Actions</span>,
      cell: (key) =>
        key.revoked ? null : (
          <span className="flex flex-col gap-1 sm:flex-row">
            <Button small aria-label={`Rotate ${key.name}`} onClick={() => renew(key)}>
              Rotate
            </Button>
            <Button small tone="danger" aria-label={`Revoke ${key.name}`} onClick={() => end(key)}>
              Revoke
            </Button>
          </span>
        ),
    },
  ];
}
