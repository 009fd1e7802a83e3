import type { ReactNode } from "react";
import { TasksView } from "@/features/tasks/tasks-view";

export default function TasksPage(): ReactNode {
  return <TasksView />;
}
