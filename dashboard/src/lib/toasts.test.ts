import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { hold, hush, release, say, toasts } from "./toasts";

const texts = (): string[] => toasts.get().map(({ text }) => text);

describe("messages", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => {
    for (const { id } of toasts.get()) hush(id);
    vi.useRealTimers();
  });

  test("go after a while", () => {
    say("done");
    vi.advanceTimersByTime(6999);
    expect(texts()).toEqual(["done"]);
    vi.advanceTimersByTime(1);
    expect(texts()).toEqual([]);
  });

  test("stay while somebody is at them", () => {
    say("done");
    const id = toasts.get()[0]?.id ?? 0;
    hold(id);
    vi.advanceTimersByTime(60_000);
    expect(texts()).toEqual(["done"]);
    release(id);
    vi.advanceTimersByTime(7000);
    expect(texts()).toEqual([]);
  });

  test("are four at most, the newest", () => {
    for (const text of ["a", "b", "c", "d", "e", "f"]) say(text);
    expect(texts()).toEqual(["c", "d", "e", "f"]);
    hush(toasts.get()[1]?.id ?? 0);
    say("g");
    expect(texts()).toEqual(["c", "e", "f", "g"]);
  });
});
