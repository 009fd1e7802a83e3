import { describe, expect, test } from "vitest";
import { and, quoted, statusOf, terms, without, withoutStatus, withStatus } from "./filter";

const texts = (q: string): string[] => terms(q).map(({ text }) => text);

describe("filters as text", () => {
  test("conditions end at spaces that stand in no quotes and no parentheses", () => {
    expect(texts('status:dead error~"a b" (queue:a OR tag:"x) y") -tag:t')).toEqual([
      "status:dead",
      'error~"a b"',
      '(queue:a OR tag:"x) y")',
      "-tag:t",
    ]);
    expect(texts('tag:"open')).toEqual(['tag:"open']);
  });

  test("a tab sets the status and leaves the rest", () => {
    expect(withStatus("queue:mail status:dead", "queued")).toBe("status:queued queue:mail");
    expect(withStatus("status:dead", null)).toBe("");
    expect(statusOf("queue:mail status:dead")).toBe("dead");
    expect(statusOf("status:dead,queued")).toBeNull();
    expect(withoutStatus("status:dead queue:mail")).toBe("queue:mail");
  });

  test("alternatives stay together", () => {
    expect(withStatus("queue:a OR queue:b", "dead")).toBe("status:dead (queue:a OR queue:b)");
    expect(and("queue:a OR queue:b", "tag:x")).toBe("(queue:a OR queue:b) tag:x");
  });

  test("a condition is taken out where it stands", () => {
    const q = "queue:a tag:x task:t";
    expect(without(q, terms(q)[1] ?? { text: "", start: 0, end: 0 })).toBe("queue:a task:t");
  });

  test("signs with a meaning are quoted", () => {
    expect(quoted("mail.send")).toBe("mail.send");
    expect(quoted('a "b" \\')).toBe('"a \\"b\\" \\\\"');
  });
});
