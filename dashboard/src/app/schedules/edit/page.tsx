import type { ReactNode } from "react";
import { EditView } from "@/features/schedules/edit-view";

export default function EditSchedulePage(): ReactNode {
  return <EditView />;
}
