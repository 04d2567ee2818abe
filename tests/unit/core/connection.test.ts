import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { type ConnectionFacts, connection } from "../../../components/core/connection.ts";
import { held } from "../helpers/stack.ts";

const FACTS = { scheme: "postgresql", host: "db", port: 5432 };
const url = async (facts: Partial<ConnectionFacts>) => held(connection({ ...FACTS, ...facts }).url);

describe("url", () => {
  test.each<[string, Partial<ConnectionFacts>, string]>([
    ["no credentials", {}, "postgresql://db:5432"],
    [
      "all its parts",
      { user: "app", password: pulumi.output("pw"), database: "shop" },
      "postgresql://app:pw@db:5432/shop",
    ],
    ["a password alone", { password: pulumi.output("pw") }, "postgresql://:pw@db:5432"],
    ["a database alone", { database: "shop" }, "postgresql://db:5432/shop"],
  ])("has %s", async (_, facts, expected) => {
    expect(await url(facts)).toBe(expected);
  });

  test.each([
    ["@:/?#[]%", "%40%3A%2F%3F%23%5B%5D%25"],
    ["a b+c&d=e", "a%20b%2Bc%26d%3De"],
    ["pä$$wörd€", "p%C3%A4%24%24w%C3%B6rd%E2%82%AC"],
    ['"\\`', "%22%5C%60"],
  ])("encodes %j so that a client decodes the same", async (text, encoded) => {
    const shown = await url({ user: text, password: pulumi.output(text), database: text });
    expect(shown).toBe(`postgresql://${encoded}:${encoded}@db:5432/${encoded}`);
    const parsed = new URL(shown);
    expect([parsed.username, parsed.password, parsed.pathname.slice(1)].map(decodeURIComponent)).toEqual([
      text,
      text,
      text,
    ]);
  });

  test.each<[string, Partial<ConnectionFacts>]>([
    ["with credentials", { user: "app", password: pulumi.output("pw") }],
    ["without any", {}],
  ])("is secret %s", async (_, facts) => {
    const { url, fromHost } = connection({ ...FACTS, ...facts, hostPort: 1 });
    expect(await pulumi.isSecret(url)).toBe(true);
    expect(fromHost && (await pulumi.isSecret(fromHost.url))).toBe(true);
  });
});

test.each<[string, string, string]>([
  ["db", "0.0.0.0", "127.0.0.1"],
  ["192.0.2.1", "192.0.2.7", "192.0.2.7"],
  ["2001:db8::1", "::1", "::1"],
  ["::1", "::", "::1"],
  ["::1", "0:0:0:0:0:0:0:0", "::1"],
])(
  "at %s, published on %s: URLs have brackets around IPv6 addresses, and the host is one that can be reached",
  async (host, hostAddress, reached) => {
    const made = connection({ ...FACTS, host, hostPort: 1, hostAddress });
    const inUrl = (address: string) => (address.includes(":") ? `[${address}]` : address);
    expect(await held(made.host)).toBe(host);
    expect(await held(made.url)).toBe(`postgresql://${inUrl(host)}:5432`);
    expect(made.fromHost?.host).toBe(reached);
    expect(await held(made.fromHost?.url)).toBe(`postgresql://${inUrl(reached)}:1`);
  },
);

test("has an address on the host, when published", async () => {
  const { fromHost } = connection({
    ...FACTS,
    hostPort: 15_432,
    user: "app",
    password: pulumi.output("p@w"),
    database: "shop",
  });
  expect({ ...fromHost, url: await held(fromHost?.url) }).toEqual({
    host: "127.0.0.1",
    port: 15_432,
    url: "postgresql://app:p%40w@127.0.0.1:15432/shop",
  });
});

test("has the parts that were given, and no other", async () => {
  const password = pulumi.output("pw");
  expect(Object.keys(connection(FACTS)).sort()).toEqual(["host", "port", "url"]);
  const { url, ...parts } = connection({ ...FACTS, user: "app", password, database: "shop" });
  expect({ ...parts, host: await held(parts.host), password: await held(parts.password) }).toEqual({
    host: "db",
    port: 5432,
    user: "app",
    password: "pw",
    database: "shop",
  });
});
