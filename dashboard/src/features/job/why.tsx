"use client";

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { explainJobQuery, type Job } from "@/api/queries";
import { Reasons } from "@/features/explain/reasons";
import { Section } from "@/ui/page";
import { StatusNote } from "@/ui/status";

/** Why a job that waits is not running: what keeps it back first, then what it waits for beside. */
export function Why({ job }: { job: Job }): ReactNode {
  const { data } = useQuery(explainJobQuery(job.id));
  return (
    <Section title="Why it waits">
      {data ? (
        <Reasons ready={data.ready} reasons={data.reasons} idle="Nothing keeps it: the next free worker takes it." />
      ) : (
        <StatusNote job={job} />
      )}
    </Section>
  );
}
