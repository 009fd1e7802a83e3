import type { ReactNode } from "react";
import { OperationView } from "@/features/bulk/operation-view";

export default function BulkOperationPage(): ReactNode {
  return <OperationView />;
}
