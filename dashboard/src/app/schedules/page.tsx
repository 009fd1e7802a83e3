import type { ReactNode } from "react";
import { SchedulesView } from "@/features/schedules/schedules-view";

export default function SchedulesPage(): ReactNode {
  return <SchedulesView />;
}
