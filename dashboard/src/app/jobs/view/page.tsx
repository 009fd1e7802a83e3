import type { ReactNode } from "react";
import { JobView } from "@/features/job/job-view";

export default function JobPage(): ReactNode {
  return <JobView />;
}
