"use client";

import { Check, Copy as CopyIcon } from "lucide-react";
import { type ReactNode, useState } from "react";
import { say } from "@/lib/toasts";
import { IconButton } from "./button";

/** Copies a text; says so when the browser does not allow it (it does on https and on this machine alone). */
export function Copy({ text, label = "Copy" }: { text: string; label?: string }): ReactNode {
  const [done, setDone] = useState(false);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
      setTimeout(() => setDone(false), 1500);
    } catch {
      say("The browser does not allow copying here: select the text.", "bad");
    }
  };
  const Icon = done ? Check : CopyIcon;
  return (
    <IconButton label={done ? "Copied" : label} onClick={() => void copy()} className="size-6">
      <Icon aria-hidden size={13} />
    </IconButton>
  );
}
