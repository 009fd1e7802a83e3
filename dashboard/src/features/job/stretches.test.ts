import { describe, expect, test } from "vitest";
import type { Job } from "@/api/queries";
import { type Attempt, stretches } from "./stretches";

const at = (seconds: number): string => new Date(seconds * 1000).toISOString();

function job(change: Partial<Job>): Job {
  return {
    created_at: at(0),
    run_at: at(0),
    started_at: null,
    finished_at: null,
    status: "queued",
    attempt: 0,
    ...change,
  } as Job;
}

function attempt(number: number, from: number, to: number, outcome: Attempt["outcome"]): Attempt {
  return { attempt: number, started_at: at(from), finished_at: at(to), outcome, worker_id: null, error: null };
}

describe("the stretches of a job", () => {
  test("a job waits, fails, waits again and succeeds", () => {
    const found = stretches(
      job({ status: "succeeded", finished_at: at(9) }),
      [attempt(2, 6, 9, "succeeded"), attempt(1, 1, 2, "failed")],
      9000,
    );
    expect(found.map(({ kind, from, to }) => [kind, from / 1000, to / 1000])).toEqual([
      ["waited", 0, 1],
      ["ran", 1, 2],
      ["waited", 2, 6],
      ["ran", 6, 9],
    ]);
  });

  test("what is not over reaches to now, and what is scheduled to its time", () => {
    expect(stretches(job({ status: "running", started_at: at(2), attempt: 1 }), [], 5000).at(-1)).toMatchObject({
      kind: "runs",
      from: 2000,
      to: 5000,
    });
    expect(stretches(job({ run_at: at(60) }), [], 5000)).toEqual([
      { kind: "waits", from: 0, to: 60_000, name: "waits" },
    ]);
  });
});
