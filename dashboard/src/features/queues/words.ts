/** A queue's settings in words. */
import type { Schemas } from "@/api/client";
import { count, duration } from "@/lib/words";

export type Queue = Schemas["QueueOut"];

export function limitsText(queue: Queue): string[] {
  const found: string[] = [];
  if (queue.max_running !== null) found.push(`${count(queue.max_running)} at a time`);
  if (queue.max_running_per_key !== null) found.push(`${count(queue.max_running_per_key)} at a time per key`);
  if (queue.rate !== null) {
    const burst = queue.rate.burst ? `, ${count(queue.rate.burst)} at once` : "";
    found.push(`${count(queue.rate.limit)} in ${duration(queue.rate.period_s)}${burst}`);
  }
  if (queue.max_depth !== null) found.push(`${count(queue.max_depth)} waiting`);
  if (queue.oldest_share !== null) found.push(`${Math.round(queue.oldest_share * 100)} % oldest first`);
  return found;
}
