import type { ReactNode } from "react";
import { OverviewView } from "@/features/overview/overview";

export default function OverviewPage(): ReactNode {
  return <OverviewView />;
}
