/** The places of the rail, and who may see them. */
import {
  Activity,
  CalendarClock,
  Cpu,
  Layers,
  ListChecks,
  type LucideIcon,
  Rows3,
  Settings2,
  Skull,
  Workflow,
} from "lucide-react";
import type { Scope } from "@/api/queries";

export interface Place {
  href: string;
  name: string;
  icon: LucideIcon;
  key: string;
  scope?: Scope;
}

export const PLACES: readonly Place[] = [
  { href: "/", name: "Overview", icon: Activity, key: "o" },
  { href: "/jobs/", name: "Jobs", icon: Rows3, key: "j" },
  { href: "/queues/", name: "Queues", icon: Layers, key: "q" },
  { href: "/schedules/", name: "Schedules", icon: CalendarClock, key: "s" },
  { href: "/workers/", name: "Workers", icon: Cpu, key: "w" },
  { href: "/tasks/", name: "Tasks", icon: Workflow, key: "t" },
  { href: "/dead-letters/", name: "Dead letters", icon: Skull, key: "d" },
  { href: "/bulk-operations/", name: "Bulk operations", icon: ListChecks, key: "b", scope: "jobs:admin" },
  { href: "/admin/", name: "Admin", icon: Settings2, key: "a" },
];
