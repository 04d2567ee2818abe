import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { Names } from "../../../components/engines/names.ts";
import { deploy } from "../helpers/stack.ts";

const REFUSED = "A volume of a and one of b would both be called data: give one of them another name in `volumes`";

let made = 0;
/** A component under others, from the outermost on, which all have names of their own. */
const under = (...types: string[]) =>
  types.reduce<pulumi.Resource | undefined>(
    (parent, type) => new pulumi.ComponentResource(type, `c${++made}`, {}, parent ? { parent } : {}),
    undefined,
  );
const both = (one: string[], other: string[]) =>
  deploy(() => {
    const names = new Names("volume");
    names.take("data", "a", under(...one));
    names.take("data", "b", under(...other));
  });

describe("a name is refused a second time", () => {
  test.each<[string, string[]]>([
    ["without a parent", []],
    ["under parents of one type", ["x:db"]],
    ["under parents of one type whose own parents are of one type", ["x:app", "x:db"]],
  ])("%s", async (_, types) => {
    await expect(both(types, types)).rejects.toThrow(REFUSED);
  });

  test("under the stack, which is the parent of what names none", async () => {
    await expect(both([], ["pulumi:pulumi:Stack"])).rejects.toThrow(REFUSED);
  });
});

describe("a name is left to Pulumi, which tells the two apart,", () => {
  test.each<[string, string[], string[]]>([
    ["under another type of parent", ["x:db"], ["x:cache"]],
    ["under parents of one type in components of two types", ["x:app", "x:db"], ["x:shop", "x:db"]],
    ["under parents of one type, one of them in a component", ["x:app", "x:db"], ["x:db"]],
    ["under a parent and under none", ["x:db"], []],
    ["under the same types in another order", ["x:app", "x:db"], ["x:db", "x:app"]],
  ])("%s", async (_, one, other) => {
    await expect(both(one, other)).resolves.toBeDefined();
  });
});
