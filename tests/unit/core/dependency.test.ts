import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { connection } from "../../../components/core/connection.ts";
import { type Dependency, uses } from "../../../components/core/dependency.ts";
import { faultsOf } from "../../../components/core/support/args.ts";

const gate = {} as pulumi.Resource;
const database: Dependency = {
  gate,
  connection: connection({ scheme: "postgresql", host: "pg", port: 5432, user: "app", password: pulumi.output("pw") }),
};
const job: Dependency = { gate };

describe("uses", () => {
  const faults = (value: unknown) => {
    const { error } = uses().safeParse(value);
    return error ? faultsOf(error, value) : [];
  };

  test("takes databases, jobs, and no value at all", () => {
    const references = { database, schema_2: job };
    expect(uses().parse(references)).toEqual(references);
    expect(uses().parse(undefined)).toEqual({});
  });

  test.each<[string, unknown, string[]]>([
    ["a text", { db: "postgres" }, ['db: should be a database, a container, a job or an external(), got "postgres"']],
    [
      "an object that is none of these",
      { db: { url: "x" } },
      ["db: should be a database, a container, a job or an external(), got { url }"],
    ],
    ["nothing", { db: undefined }, ["db: should be a database, a container, a job or an external(), got nothing"]],
    ["null", { db: null }, ["db: should be a database, a container, a job or an external(), got null"]],
    [
      "a name that no variable can have",
      { "my-db": job },
      ['my-db: should be a name of a-z, 0-9 and _, a letter first, got "my-db"'],
    ],
    ["a list", [database], ["arguments: should be names with values, got a list"]],
  ])("refuses %s", (_, value, expected) => {
    expect(faults(value)).toEqual(expected);
  });

  test.each(["A", "1a", "_a", "a b", ""])("refuses the name %j", (name) => {
    expect(faults({ [name]: job })).toEqual([
      `${name || '""'}: should be a name of a-z, 0-9 and _, a letter first, got ${JSON.stringify(name)}`,
    ]);
  });
});
