import type { ReactNode } from "react";
import { JobsView } from "@/features/jobs/jobs-view";

export default function JobsPage(): ReactNode {
  return <JobsView />;
}
