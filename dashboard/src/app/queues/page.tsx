import type { ReactNode } from "react";
import { QueuesView } from "@/features/queues/queues-view";

export default function QueuesPage(): ReactNode {
  return <QueuesView />;
}
