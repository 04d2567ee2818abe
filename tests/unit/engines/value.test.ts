import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { valueOf } from "../../../components/engines/value.ts";

test.each<[string, pulumi.Input<unknown>, unknown]>([
  ["a plain value", "a", "a"],
  ["an output", pulumi.output("a"), "a"],
  ["a secret", pulumi.secret("a"), "a"],
  ["an output that resolves later", pulumi.output(new Promise((resolve) => setTimeout(() => resolve("a"), 5))), "a"],
  ["outputs inside", { a: pulumi.output([pulumi.output(1)]) }, { a: [1] }],
])("resolves %s", async (_, value, expected) => {
  expect(await valueOf(value)).toEqual(expected);
});
