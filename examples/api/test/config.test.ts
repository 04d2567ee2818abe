import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ConfigError, readConfig } from "../src/config.ts";

const URLS = { DATABASE_URL: "postgresql://app:pw@db:5432/app", CACHE_URL: "redis://:pw@cache:6379" };

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
  expect(readConfig(URLS)).toEqual({
    host: "0.0.0.0",
    port: 3000,
    logLevel: "info",
    databaseUrl: URLS.DATABASE_URL,
    cacheUrl: URLS.CACHE_URL,
  });
});

test("a file wins over the variable, and is trimmed", () => {
  const env = { ...URLS, DATABASE_URL_FILE: file("database_url", " postgres://app:other@db/app\n") };

  expect(readConfig(env).databaseUrl).toBe("postgres://app:other@db/app");
});

test("all that can be set", () => {
  const env = { ...URLS, HOST: "::1", PORT: "8080", LOG_LEVEL: "warn" };

  expect(readConfig(env)).toMatchObject({ host: "::1", port: 8080, logLevel: "warn" });
});

test.each([
  [
    { CACHE_URL: "" },
    "CACHE_URL_FILE should name a file that holds the URL (or CACHE_URL be the URL); neither is set.",
  ],
  [
    { DATABASE_URL: "mysql://app:pw@db" },
    "DATABASE_URL should be a URL that begins with postgresql:// or postgres://.",
  ],
  [{ CACHE_URL: "pw" }, "CACHE_URL should be a URL that begins with redis:// or rediss://."],
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
    new ConfigError(`CACHE_URL_FILE should name a file that holds a URL; ${path} is empty.`),
  );
});

test("names all faults at once", () => {
  expect(() => readConfig({ PORT: "0" })).toThrow(/^PORT .*\nDATABASE_URL_FILE .*\nCACHE_URL_FILE .*$/);
});
