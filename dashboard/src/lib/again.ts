/** When a question that failed is asked again. */
import { Problem, SignedOut } from "@/api/problem";

const AGAIN_MS = 5000;

/** Tell whether the same question may have an answer later. */
export function passes(error: unknown): boolean {
  return !(error instanceof SignedOut) && !(error instanceof Problem && error.status < 500);
}

/** Return after how long to ask again by itself: what a page says that it does. */
export function again(error: unknown): number | false {
  return error && passes(error) ? AGAIN_MS : false;
}
