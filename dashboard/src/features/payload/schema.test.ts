import { describe, expect, test } from "vitest";
import { parseExact, stringifyExact } from "@/api/json";
import { members, read, skeleton } from "./schema";

const SCHEMA = parseExact(`{"type":"object","required":["id","to"],"properties":{
  "id":{"type":"integer"},"to":{"type":"string"},"rate":{"anyOf":[{"type":"number"},{"type":"null"}],"default":null},
  "how":{"enum":["GET","PUT"],"default":"GET"},"more":{"type":"array"}}}`);

describe("a form from a schema", () => {
  test("knows each member's kind", () => {
    const found = members(SCHEMA) ?? [];
    expect(found.map(({ name, kind, required, nullable }) => [name, kind, required, nullable])).toEqual([
      ["id", "integer", true, false],
      ["to", "string", true, false],
      ["rate", "number", false, true],
      ["how", "enum", false, false],
      ["more", "json", false, false],
    ]);
    expect(members(true)).toBeNull();
  });

  test("begins with what must be there", () => {
    expect(skeleton(SCHEMA)).toEqual({ id: 0, to: "" });
  });

  test("keeps every digit, and leaves to the API what is no number", () => {
    expect(stringifyExact(read("integer", "9007199254740993"))).toBe("9007199254740993");
    expect(read("integer", "12a")).toBe("12a");
    expect(read("number", "1.5")).toBe(1.5);
    expect(read("json", "[1")).toBe("[1");
    expect(read("string", "9007199254740993")).toBe("9007199254740993");
  });
});
