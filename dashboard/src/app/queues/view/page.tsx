import type { ReactNode } from "react";
import { QueueView } from "@/features/queues/queue-view";

export default function QueuePage(): ReactNode {
  return <QueueView />;
}
