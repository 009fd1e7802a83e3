import { describe, expect, test } from "vitest";
import { closed, shown } from "./signs";

describe("signs that turn", () => {
  test("are shown as what they are", () => {
    expect(shown("a\u202eb\u2069c")).toBe("a\\u202eb\\u2069c");
    expect(shown("plain שלום")).toBe("plain שלום");
  });

  test.each([
    ["plain", ""],
    ["\u202eturned", ""],
    ["\u2066open", "\u2069"],
    ["\u2066\u2067twice", "\u2069\u2069"],
    ["\u2068closed\u2069", ""],
    ["\u2069\u2066", "\u2069"],
  ])("%j is closed", (text, end) => {
    expect(closed(text)).toBe(text + end);
  });
});
