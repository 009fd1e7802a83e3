/** What can go wrong with a request: the API refused it, or was not reached. */
import type { components } from "./schema";

export type ProblemDocument = components["schemas"]["ProblemDocument"];

/** The API's own refusal (RFC 9457). */
export class Problem extends Error {
  constructor(readonly document: ProblemDocument) {
    super(document.detail || document.title);
    this.name = "Problem";
  }
  get status(): number {
    return this.document.status;
  }
  get code(): string {
    return this.document.code;
  }
  /** What is said about one field, by its JSON pointer. */
  at(pointer: string): string | undefined {
    return this.document.errors?.find((each) => each.pointer === pointer)?.detail;
  }
}

/** The API was not reached, or did not answer in its own words. */
export class Unreachable extends Error {
  constructor(message = "The API cannot be reached.") {
    super(message);
    this.name = "Unreachable";
  }
}

/** Nobody is signed in (any more). */
export class SignedOut extends Error {
  constructor() {
    super("You are signed out.");
    this.name = "SignedOut";
  }
}

/** Return what to tell a person about `error`. */
export function told(error: unknown): string {
  if (error instanceof Problem) {
    const fields = (error.document.errors ?? []).map(
      (each) => `${each.pointer ?? each.parameter ?? ""} ${each.detail}`,
    );
    return [error.message, ...fields].join(" — ");
  }
  return error instanceof Error ? error.message : String(error);
}
