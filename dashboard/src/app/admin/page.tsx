import type { ReactNode } from "react";
import { AdminView } from "@/features/admin/admin-view";

export default function AdminPage(): ReactNode {
  return <AdminView />;
}
