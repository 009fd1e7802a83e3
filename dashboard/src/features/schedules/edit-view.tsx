"use client";

import { useQuery } from "@tanstack/react-query";
import { parseAsString, useQueryState } from "nuqs";
import type { ReactNode } from "react";
import { scheduleQuery } from "@/api/queries";
import { Page } from "@/ui/page";
import { Shown } from "@/ui/states";
import { ScheduleForm } from "./schedule-form";

/** Makes a schedule, or changes one. */
export function EditView(): ReactNode {
  const [name] = useQueryState("name", parseAsString.withDefault(""));
  const query = useQuery(scheduleQuery(name));
  if (name === "") {
    return (
      <Page title="New schedule">
        <ScheduleForm />
      </Page>
    );
  }
  return (
    <Page title={`Edit ${name}`}>
      <Shown query={query}>{(schedule) => <ScheduleForm key={schedule.id} schedule={schedule} />}</Shown>
    </Page>
  );
}
