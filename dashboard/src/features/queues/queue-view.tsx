"use client";

import { useQuery } from "@tanstack/react-query";
import { parseAsString, useQueryState } from "nuqs";
import { type ReactNode, useState } from "react";
import { queueStatsQuery, type QueueStats } from "@/api/stats";
import { explainQueueQuery, queueQuery } from "@/api/queries";
import { Reasons } from "@/features/explain/reasons";
import { quoted } from "@/features/jobs/filter";
import { Charts } from "@/features/overview/charts";
import { useMay } from "@/lib/access";
import { count, duration } from "@/lib/words";
import { Button, LinkButton } from "@/ui/button";
import { Facts, Page, Section } from "@/ui/page";
import { Loading, Shown } from "@/ui/states";
import { When } from "@/ui/time";
import { PauseDialog } from "./pause-dialog";
import { PurgeDialog } from "./purge-dialog";
import { QueueState } from "./queues-view";
import { SettingsForm } from "./settings-form";
import { limitsText, type Queue } from "./words";

/** One queue: what it holds, why nothing starts, how it is limited. */
export function QueueView(): ReactNode {
  const [name] = useQueryState("name", parseAsString.withDefault(""));
  const query = useQuery(queueQuery(name));
  return (
    <Page
      title={name || "Queue"}
      lead={query.data ? <QueueState queue={query.data} /> : null}
      actions={query.data ? <Actions queue={query.data} /> : null}
    >
      <Shown query={query}>{(queue) => <Known queue={queue} />}</Shown>
    </Page>
  );
}

function Actions({ queue }: { queue: Queue }): ReactNode {
  const [dialog, setDialog] = useState<"pause" | "purge" | null>(null);
  const may = useMay("queues:admin");
  return (
    <>
      <LinkButton href={`/jobs/?q=${encodeURIComponent(`queue:${quoted(queue.name)}`)}`}>Its jobs</LinkButton>
      {may ? (
        <>
          <Button onClick={() => setDialog("pause")}>{queue.paused ? "Resume" : "Pause"}</Button>
          <Button tone="danger" onClick={() => setDialog("purge")}>
            Purge…
          </Button>
        </>
      ) : null}
      {dialog === "pause" ? <PauseDialog queue={queue} onClose={() => setDialog(null)} /> : null}
      {dialog === "purge" ? <PurgeDialog name={queue.name} onClose={() => setDialog(null)} /> : null}
    </>
  );
}

function Known({ queue }: { queue: Queue }): ReactNode {
  const stats = useQuery(queueStatsQuery(queue.name));
  const why = useQuery(explainQueueQuery(queue.name));
  const may = useMay("queues:admin");
  return (
    <>
      {stats.data ? <Charts points={stats.data.history} /> : null}
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <div className="grid min-w-0 gap-4">
          <Section title="Why it starts nothing more">
            {why.data ? (
              <Reasons
                ready={why.data.ready}
                reasons={why.data.reasons}
                idle="Nothing keeps it: the next free worker is given a job."
              />
            ) : why.error ? (
              <p className="text-sm text-muted">Nobody can tell just now.</p>
            ) : (
              <Loading rows={2} />
            )}
          </Section>
          <Section title="What it holds">{stats.data ? <Holds stats={stats.data} /> : <Loading rows={4} />}</Section>
          {queue.paused ? (
            <Section title="Pause">
              <Facts
                facts={[
                  ["Since", <When key="s" at={queue.paused.at} />],
                  ["Until", <When key="u" at={queue.paused.until} absent="somebody resumes it" />],
                  ["Why", queue.paused.reason ?? "nobody said"],
                  ["By", queue.paused.user_id ?? "–"],
                ]}
              />
            </Section>
          ) : null}
        </div>
        <Section title="Settings">
          {may ? (
            <SettingsForm key={queue.etag} queue={queue} />
          ) : (
            <p className="text-sm">{limitsText(queue).join(", ") || "No limits."}</p>
          )}
        </Section>
      </div>
    </>
  );
}

function Holds({ stats }: { stats: QueueStats }): ReactNode {
  return (
    <Facts
      facts={[
        ["Ready", count(stats.ready.value, stats.ready.capped)],
        ["Oldest due", stats.oldest_ready_s === null ? "–" : duration(stats.oldest_ready_s)],
        ["Scheduled", count(stats.scheduled.value, stats.scheduled.capped)],
        ["Running", count(stats.running.value, stats.running.capped)],
        ["Retrying", count(stats.retrying.value, stats.retrying.capped)],
        ["Dead", count(stats.dead)],
        ["In, last minute", count(stats.enqueued_per_minute)],
        ["Out, last minute", count(stats.done_per_minute)],
      ]}
    />
  );
}
