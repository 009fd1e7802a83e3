import type { ReactNode } from "react";
import { DeadView } from "@/features/dead/dead-view";

export default function DeadLettersPage(): ReactNode {
  return <DeadView />;
}
