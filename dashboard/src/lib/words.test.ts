import { describe, expect, test } from "vitest";
import { between, count, duration, exact, instant, relative, several, size } from "./words";

describe("words", () => {
  test.each([
    [0, "0 ms"],
    [0.0004, "0.4 ms"],
    [0.002, "2 ms"],
    [0.012, "12 ms"],
    [0.9996, "1 s"],
    [3.4, "3.4 s"],
    [9.99, "10 s"],
    [59.9, "1 min"],
    [302, "5 min 2 s"],
    [3600, "1 h"],
    [7380, "2 h 3 min"],
    [86_400 * 4 + 3600, "4 d 1 h"],
  ])("%d seconds are %s", (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });

  test("times are told from now", () => {
    expect(relative(1000, 1400)).toBe("now");
    expect(relative(0, 12_000)).toBe("12 s ago");
    expect(relative(12_000, 0)).toBe("in 12 s");
    expect(relative(0, 7_380_000)).toBe("2 h ago");
  });

  test("figures are exact, and a cap is told", () => {
    expect(count(1_234_567)).toBe("1,234,567");
    expect(count(10_001, true)).toBe("10,000+");
    expect(several(1, "job")).toBe("1 job");
    expect(size(1_258_291)).toBe("1.2 MB");
  });

  test("between instants no microsecond is lost", () => {
    expect(between("2026-11-22T06:07:08.123Z", "2026-11-22T06:07:08.123456Z")).toBeCloseTo(0.000456, 9);
    expect(instant("2026-11-22T06:07:08.1234Z") - Date.parse("2026-11-22T06:07:08.123Z")).toBeCloseTo(0.4, 3);
    expect(instant("2026-11-22T06:07:08Z")).toBe(Date.parse("2026-11-22T06:07:08Z"));
  });

  test("an instant in UTC keeps its microseconds", () => {
    expect(exact("2026-11-22T06:07:08.123456Z", "utc")).toBe("2026-11-22 06:07:08.123456 UTC");
  });
});
