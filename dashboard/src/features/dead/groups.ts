/** Groups of dead letters: jobs that died of the same error. */
import type { Schemas } from "@/api/client";

export type Group = Schemas["GroupOut"];

/** Return where the jobs of a group are listed. */
export function groupHref(fingerprint: string): string {
  return `/jobs/?q=${encodeURIComponent(`status:dead fingerprint:${fingerprint}`)}`;
}
