"use client";

import { Compass } from "lucide-react";
import type { ReactNode } from "react";
import { TextLink } from "@/ui/link";
import { Empty } from "@/ui/states";

export default function NotFound(): ReactNode {
  return (
    <Empty icon={Compass} title="There is no such page">
      Perhaps the address was cut short.{" "}
      <TextLink className="underline" href="/">
        Overview
      </TextLink>
    </Empty>
  );
}
