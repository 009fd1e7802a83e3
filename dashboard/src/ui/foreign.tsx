import type { ComponentProps, ReactNode } from "react";
import { closed } from "@/lib/signs";

/** Text that somebody else wrote, with other text around it: neither turns the other. */
export function Foreign({ text, ...rest }: { text: string } & Omit<ComponentProps<"bdi">, "children">): ReactNode {
  return <bdi {...rest}>{closed(text)}</bdi>;
}
