import type { ReactNode } from "react";
import { OperationsView } from "@/features/bulk/operations-view";

export default function BulkOperationsPage(): ReactNode {
  return <OperationsView />;
}
