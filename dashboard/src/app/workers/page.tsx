import type { ReactNode } from "react";
import { WorkersView } from "@/features/workers/workers-view";

export default function WorkersPage(): ReactNode {
  return <WorkersView />;
}
