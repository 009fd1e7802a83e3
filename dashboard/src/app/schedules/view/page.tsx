import type { ReactNode } from "react";
import { ScheduleView } from "@/features/schedules/schedule-view";

export default function SchedulePage(): ReactNode {
  return <ScheduleView />;
}
