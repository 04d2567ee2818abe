import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ConfigError, readConfig } from "../src/config.ts";

const URLS = {
  DATABASE_URL: "postgresql://app:pw@db:5432/app",
  CACHE_URL: "redis://:pw@cache:6379",
  GRAPH_URL: "bolt://neo4j:pw@graph:7687",
  VECTORS_URL: "http://vectors:6333",
  STORAGE_URL: "http://me:pw@storage:9000",
  MODELS_URL: "http://models:11434",
};

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "api-config-"));
});

afterAll(() => {
  rmSync(directory, { recursive: true });
});

function file(name: string, content: string): string {
  const path = join(directory, name);
  writeFileSync(path, content, { mode: 0o400 });
  return path;
}

test("defaults", () => {
  expect(readConfig({})).toEqual({ host: "0.0.0.0", port: 3000, logLevel: "info", urls: {} });
});

test("each database that it is told of", () => {
  const env = { ...URLS, VECTORS_API_KEY_FILE: file("key", "key\n") };

  expect(readConfig(env)).toMatchObject({
    urls: {
      database: URLS.DATABASE_URL,
      cache: URLS.CACHE_URL,
      graph: URLS.GRAPH_URL,
      vectors: URLS.VECTORS_URL,
      storage: URLS.STORAGE_URL,
      models: URLS.MODELS_URL,
    },
    vectorsApiKey: "key",
  });
});

test("a file wins over the variable, and is trimmed", () => {
  const env = { ...URLS, DATABASE_URL_FILE: file("database_url", " postgres://app:other@db/app\n") };

  expect(readConfig(env).urls.database).toBe("postgres://app:other@db/app");
});

test("all that can be set", () => {
  const env = { ...URLS, HOST: "::1", PORT: "8080", LOG_LEVEL: "warn" };

  expect(readConfig(env)).toMatchObject({ host: "::1", port: 8080, logLevel: "warn" });
});

test.each([
  [
    { DATABASE_URL: "mysql://app:pw@db" },
    "DATABASE_URL should be a URL that begins with postgresql:// or postgres://.",
  ],
  [{ CACHE_URL: "pw" }, "CACHE_URL should be a URL that begins with redis:// or rediss://."],
  [
    { GRAPH_URL: "http://graph" },
    "GRAPH_URL should be a URL that begins with bolt:// or bolt+s:// or neo4j:// or neo4j+s://.",
  ],
  [{ VECTORS_API_KEY_FILE: "/nowhere" }, "VECTORS_API_KEY_FILE should name a readable file, got /nowhere (ENOENT)."],
  [{ CACHE_URL_FILE: "/nowhere" }, "CACHE_URL_FILE should name a readable file, got /nowhere (ENOENT)."],
  [{ CACHE_URL_FILE: "redis://:pw@h" }, "CACHE_URL_FILE should name a readable file, got redis://***@h (ENOENT)."],
  [{ PORT: "http" }, 'PORT should be 1 to 65535, got "http".'],
  [{ PORT: "70000" }, 'PORT should be 1 to 65535, got "70000".'],
  [{ LOG_LEVEL: "loud" }, 'LOG_LEVEL should be one of fatal, error, warn, info, debug, trace, silent, got "loud".'],
])("refuses %o", (fault, message) => {
  expect(() => readConfig({ ...URLS, ...fault })).toThrow(new ConfigError(message));
});

test("refuses an empty file", () => {
  const path = file("empty", "\n");

  expect(() => readConfig({ ...URLS, CACHE_URL_FILE: path })).toThrow(
    new ConfigError(`CACHE_URL_FILE should name a file that holds something; ${path} is empty.`),
  );
});

test("names all faults at once", () => {
  expect(() => readConfig({ PORT: "0", DATABASE_URL: "-", MODELS_URL_FILE: "/nowhere" })).toThrow(
    /^PORT .*\nDATABASE_URL .*\nMODELS_URL_FILE .*$/,
  );
});
