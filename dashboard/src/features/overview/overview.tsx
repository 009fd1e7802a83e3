"use client";

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { type Overview, overviewQuery } from "@/api/stats";
import { TextLink } from "@/ui/link";
import { Page, Section } from "@/ui/page";
import { Shown } from "@/ui/states";
import { Charts } from "./charts";
import { Health } from "./health";
import { NextSchedules, QueueTable, StuckJobs, TopErrors } from "./lists";
import { Tiles } from "./tiles";

/** One look: is it healthy, what is stuck, why, and what can be done. */
export function OverviewView(): ReactNode {
  const query = useQuery(overviewQuery);
  return (
    <Page title="Overview">
      <Shown query={query} rows={12}>
        {(overview) => <Known overview={overview} />}
      </Shown>
    </Page>
  );
}

function Known({ overview }: { overview: Overview }): ReactNode {
  return (
    <>
      <Health overview={overview} />
      <Tiles overview={overview} />
      <Charts points={overview.history} />
      <div className="grid items-start gap-4 xl:grid-cols-2">
        <Section title="Queues" flush aside={<TextLink href="/queues/">All queues</TextLink>}>
          <QueueTable queues={overview.queues} />
        </Section>
        <div className="grid min-w-0 gap-4">
          <Section title="Top errors" flush aside={<TextLink href="/dead-letters/">All dead letters</TextLink>}>
            <TopErrors groups={overview.errors} />
          </Section>
          <Section title="Stuck jobs" flush>
            <StuckJobs stuck={overview.stuck} />
          </Section>
          <Section title="Next schedules" flush aside={<TextLink href="/schedules/">All schedules</TextLink>}>
            <NextSchedules />
          </Section>
        </div>
      </div>
    </>
  );
}
