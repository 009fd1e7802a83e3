import { describe, expect, test } from "vitest";
import { ExactNumber, parseAnswer, parseExact, stringifyExact } from "./json";

const KEPT = [
  '{"n":9007199254740993}',
  '{"n":-18446744073709551616,"f":0.10000000000000000055,"e":1e400}',
  '["1e400","9007199254740993",1,1.5,true,null,-0]',
  '{"text":"a \\" 9007199254740993 \\\\","n":9007199254740993}',
  '{"__proto__":{"n":9007199254740993}}',
  '{"one":1.0}',
];

describe("lossless JSON", () => {
  test.each(KEPT)("%s comes out as it went in", (text) => {
    expect(stringifyExact(parseExact(text))).toBe(text);
  });

  test("numbers that fit are plain numbers", () => {
    expect(parseExact('{"a":42,"b":[0.5,-7]}')).toEqual({ a: 42, b: [0.5, -7] });
  });

  test("our own figures are numbers, people's values stay exact", () => {
    const answer = parseAnswer('{"timeout_s":300.0,"payload":{"id":9007199254740993}}') as Record<string, unknown>;
    expect(answer["timeout_s"]).toBe(300);
    expect((answer["payload"] as Record<string, unknown>)["id"]).toBeInstanceOf(ExactNumber);
  });

  test("what is no JSON is refused", () => {
    expect(() => parseExact('{"a": 9007199254740993')).toThrow(SyntaxError);
    expect(() => parseExact("01")).toThrow(SyntaxError);
  });

  test("a megabyte of quotes is read in one go", () => {
    const text = JSON.stringify({ big: '"\\'.repeat(500_000), n: 1 });
    expect(stringifyExact(parseExact(text))).toBe(text);
  });
});
