import { expect, test } from "vitest";
import { roleFiles, scramVerifier } from "../../../components/jobs/postgres-roles.ts";

const written = (...lines: string[]) => lines.map((line) => `${line}\n`).join("");

test("without roles and databases there is nothing to do", () => {
  expect(roleFiles("app", "app", [], {})).toEqual({});
});

test("rights are revoked and granted before all else, and granted again at the end", () => {
  const grants = written(
    'grant connect on database "shop" to "reader";',
    'grant usage on schema public to "reader";',
    'grant select on all tables in schema public to "reader";',
    'alter default privileges for role "app" in schema public grant select on tables to "reader";',
    'grant select on all sequences in schema public to "reader";',
    'alter default privileges for role "app" in schema public grant select on sequences to "reader";',
  );
  expect(roleFiles("app", "shop", [], { reader: { database: "shop", may: "read" } })).toEqual({
    roles: `${written(
      `select 'create role "reader"' where not exists (select from pg_roles where rolname = 'reader') \\gexec`,
      "\\set verifier `cat /run/secrets/reader.verifier`",
      `alter role "reader" login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password :'verifier';`,
      'revoke all on database "shop" from "reader";',
      'revoke all on all tables in schema public from "reader";',
      'alter default privileges for role "app" in schema public revoke all on tables from "reader";',
      'revoke all on all sequences in schema public from "reader";',
      'alter default privileges for role "app" in schema public revoke all on sequences from "reader";',
    )}${grants}`,
    grants,
  });
});

test.each([
  ["none", []],
  ["read", ["select", "select"]],
  ["write", ["select, insert, update, delete", "usage, select"]],
] as const)("who may %s is granted %j on tables and sequences", (may, expected) => {
  const { grants = "" } = roleFiles("app", "app", [], { one: { database: "app", may } });
  expect([...grants.matchAll(/^grant (.*) on all/gm)].map(([, what]) => what)).toEqual(expected);
});

test("a database belongs to the role that owns it, or to the server's own", () => {
  const files = roleFiles("app", "app", ["reports", "other"], { analyst: { database: "reports", may: "own" } });
  expect(Object.keys(files)).toEqual(["databases", "roles", "grants", "in-reports", "in-other"]);
  expect(files.databases).toBe(
    written(
      `select 'create database "reports"' where not exists (select from pg_database where datname = 'reports') \\gexec`,
      'revoke all on database "reports" from public;',
      `select 'create database "other"' where not exists (select from pg_database where datname = 'other') \\gexec`,
      'revoke all on database "other" from public;',
    ),
  );
  expect(files.grants).toBe("");
  const lines = (name: string) => (files as Record<string, string>)[name]?.split("\n") ?? [];
  expect(lines("in-other")).toContain('alter database "other" owner to "app";');
  expect(lines("in-other").filter((line) => line.startsWith("grant"))).toEqual([]);
  expect(lines("in-reports")[0]).toBe('alter database "reports" owner to "analyst";');
  expect(lines("in-reports").filter((line) => /grant .*tables/.test(line))).toEqual([
    'grant all on all tables in schema public to "analyst";',
    // What either makes later.
    'alter default privileges for role "app" in schema public grant all on tables to "analyst";',
    'alter default privileges for role "analyst" in schema public grant all on tables to "analyst";',
  ]);
});

// The example of RFC 7677, section 3.
test("a password's verifier is that of SCRAM-SHA-256", () => {
  expect(scramVerifier("pencil", Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64"))).toBe(
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
  );
  expect(scramVerifier("pencil")).not.toBe(scramVerifier("pencil"));
});
