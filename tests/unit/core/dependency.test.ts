import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { connection } from "../../../components/core/connection.ts";
import { type Dependency, refuseTwice, toldOf, uses } from "../../../components/core/dependency.ts";
import { faultsOf } from "../../../components/core/support/args.ts";
import { held } from "../helpers/stack.ts";

const gate = {} as pulumi.Resource;
const database: Dependency = {
  gate,
  connection: connection({ scheme: "postgresql", host: "pg", port: 5432, user: "app", password: pulumi.output("pw") }),
};
const cache: Dependency = { gate, connection: connection({ scheme: "redis", host: "cache-1", port: 6379 }) };
const job: Dependency = { gate };

describe("toldOf", () => {
  test("host and port under the name of the reference, its URL as a file or in the environment", async () => {
    const { plainEnv, files, ...told } = toldOf({ database, read_cache: cache });
    expect(told).toEqual({
      env: { DATABASE_HOST: "pg", DATABASE_PORT: "5432", READ_CACHE_HOST: "cache-1", READ_CACHE_PORT: "6379" },
      fileEnv: { DATABASE_URL_FILE: "/run/secrets/database_url", READ_CACHE_URL_FILE: "/run/secrets/read_cache_url" },
    });
    expect(await held(files)).toEqual({
      database_url: "postgresql://app:pw@pg:5432",
      read_cache_url: "redis://cache-1:6379",
    });
    expect(await held(plainEnv)).toEqual({
      DATABASE_URL: "postgresql://app:pw@pg:5432",
      READ_CACHE_URL: "redis://cache-1:6379",
    });
  });

  test("the URL is secret in both forms", async () => {
    const { files, plainEnv } = toldOf({ database });
    expect(await pulumi.isSecret(files.database_url as pulumi.Output<string>)).toBe(true);
    expect(await pulumi.isSecret(plainEnv.DATABASE_URL as pulumi.Output<string>)).toBe(true);
  });

  test("an API key beside the URL, where that does not hold it", async () => {
    const vectors: Dependency = {
      gate,
      connection: connection({ scheme: "http", host: "qdrant", port: 6333, apiKey: pulumi.secret("key") }),
    };
    const { plainEnv, files, fileEnv } = toldOf({ vectors });
    expect(fileEnv).toEqual({
      VECTORS_URL_FILE: "/run/secrets/vectors_url",
      VECTORS_API_KEY_FILE: "/run/secrets/vectors_api_key",
    });
    expect(await held(files)).toEqual({ vectors_url: "http://qdrant:6333", vectors_api_key: "key" });
    expect(await held(plainEnv)).toEqual({ VECTORS_URL: "http://qdrant:6333", VECTORS_API_KEY: "key" });
    expect(await pulumi.isSecret(files.vectors_api_key as pulumi.Output<string>)).toBe(true);
  });

  test.each<[string, Record<string, Dependency>]>([
    ["no references", {}],
    ["a job, which has no connection", { schema: job }],
  ])("nothing of %s", (_, references) => {
    expect(toldOf(references)).toEqual({ env: {}, files: {}, fileEnv: {}, plainEnv: {} });
  });
});

describe("refuseTwice", () => {
  const keyed: Dependency = {
    gate,
    connection: connection({ scheme: "http", host: "qdrant", port: 6333, apiKey: pulumi.secret("key") }),
  };
  const refused = (
    references: Record<string, Dependency>,
    others: Partial<Parameters<typeof refuseTwice>[1]>,
  ): string[] => {
    const said: string[] = [];
    const addIssue = (issue: unknown) => {
      const { path, message } = issue as { path: string[]; message: string };
      said.push(`${path.join(".")}: ${/because (.*) too$/.exec(message)?.[1]}`);
    };
    refuseTwice(references, { env: {}, ...others }, { addIssue });
    return said;
  };

  test.each<[string, Record<string, Dependency>, Partial<Parameters<typeof refuseTwice>[1]>, string[]]>([
    [
      "an address",
      { database },
      { env: { DATABASE_HOST: "x" } },
      ["env.DATABASE_HOST: `uses.database` is DATABASE_HOST"],
    ],
    ["a URL", { database }, { env: { DATABASE_URL: "x" } }, ["env.DATABASE_URL: `uses.database` is DATABASE_URL"]],
    [
      "the file of a URL",
      { database },
      { env: { DATABASE_URL_FILE: "x" } },
      ["env.DATABASE_URL_FILE: `uses.database` is DATABASE_URL_FILE"],
    ],
    [
      "by a secret",
      { database },
      { secrets: { DATABASE_URL: "" } },
      ["secrets.DATABASE_URL: `uses.database` is DATABASE_URL"],
    ],
    [
      "by a secret, an address",
      { database },
      { secrets: { DATABASE_HOST: "" } },
      ["secrets.DATABASE_HOST: `uses.database` is DATABASE_HOST"],
    ],
    [
      "by a secret in another case",
      { database },
      { secrets: { database_url: "" } },
      ["secrets.database_url: `uses.database` is /run/secrets/database_url"],
    ],
    ["an API key", { v: keyed }, { secrets: { V_API_KEY: "" } }, ["secrets.V_API_KEY: `uses.v` is V_API_KEY"]],
    ["one reference by another", { v: keyed, v_api_key: cache }, {}, []],
    ["nothing that is told otherwise", { database, job }, { env: { DATABASE: "1" }, secrets: { TOKEN: "" } }, []],
    [
      "no file where there is none",
      { database },
      { env: { TOKEN_FILE: "1" }, secrets: { Token: "", TOKEN: "" }, credentials: "environment" },
      [],
    ],
  ])("of what is told of a reference: %s", (_, references, others, expected) => {
    expect(refused(references, others)).toEqual(expected);
  });
});

describe("uses", () => {
  const faults = (value: unknown) => {
    const { error } = uses().safeParse(value);
    return error ? faultsOf(error, value) : [];
  };

  test("takes databases and jobs, and nothing", () => {
    const references = { database, schema_2: job };
    expect(uses().parse(references)).toEqual(references);
    expect(uses().parse(undefined)).toEqual({});
  });

  test.each<[string, unknown, string[]]>([
    ["a text", { db: "postgres" }, ['db: should be a database or a job, got "postgres"']],
    ["something else of ours", { db: { url: "x" } }, ["db: should be a database or a job, got { url }"]],
    ["nothing", { db: undefined }, ["db: should be a database or a job, got nothing"]],
    ["null", { db: null }, ["db: should be a database or a job, got null"]],
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
