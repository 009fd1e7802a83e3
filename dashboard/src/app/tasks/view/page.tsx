import type { ReactNode } from "react";
import { TaskView } from "@/features/tasks/task-view";

export default function TaskPage(): ReactNode {
  return <TaskView />;
}
