import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { ContainerArgs } from "../../../components/app/container.ts";
import { containerArgs, ports, Reached } from "../../../components/app/container-args.ts";
import { probe } from "../../../components/core/probe.ts";
import { COMPOSE_WORDS } from "../../../components/core/support/hints.ts";
import { OVERRIDABLE } from "../../../components/engines/containers/overrides.ts";
import * as components from "../../../components/index.ts";

// The table of Compose's keys names options: each has to be there, and none may be left out.

/** The compiler sees to it that these are all options of `Container`, and that it has no other. */
const OPTIONS = { ...containerArgs, ports: ports(), connection: Reached.optional(), probe: probe() } satisfies Record<
  keyof ContainerArgs,
  z.ZodType
>;
const Args = z.strictObject(OPTIONS);
type Option = keyof typeof OPTIONS;

/** A value of each option that has options of its own: with one that it does not know, it is refused as such. */
const WITH: Partial<Record<Option, (more: object) => unknown>> = {
  build: (more) => ({ context: "examples/api", ...more }),
  secrets: (more) => ({ KEY: { value: "long enough", ...more } }),
  volumes: (more) => ({
    data: {
      ...more,
      path: "/data",
      ...("lifecycle" in more ? {} : { volume: Object.create(components.Volume.prototype) }),
    },
  }),
  mounts: (more) => ({ examples: { path: "/data", ...more } }),
  tmpfs: (more) => ({ "/scratch": more }),
  ports: (more) => ({ web: { port: 80, ...more } }),
  devices: (more) => [{ host: "/dev/null", ...more }],
  ulimits: (more) => ({ nofile: { soft: 1, hard: 1, ...more } }),
  dns: (more) => more,
  connection: (more) => ({ scheme: "http", ...more }),
  develop: (more) => ({ mounts: {}, command: ["true"], ...more }),
};

const refusesKey = (schema: z.ZodType, value: unknown) =>
  JSON.stringify(schema.safeParse(value).error?.issues ?? []).includes("unrecognized_keys");

/** Probes are told apart by what is in them: one of its kinds has to know it. */
const PROBES = [{}, { command: ["true"] }, { http: "/" }];

function isThere(name: string): boolean {
  const [option = "", part] = name.split(".");
  if (!(option in OPTIONS)) return false;
  if (part === undefined) return true;
  if (option === "docker") return PROVIDER.has(part);
  if (option === "probe")
    return PROBES.some((kind) => probe().safeParse({ ...kind, [part]: VALUES[part] ?? 1 }).success);
  const value = WITH[option as Option]?.({ [part]: undefined });
  return value !== undefined && !refusesKey(Args.pick({ [option]: true } as Record<Option, true>), { [option]: value });
}

const VALUES: Record<string, unknown> = { command: ["true"], shell: "true", http: "/", image: true };

/** Arguments of the provider's container. */
/** Arguments of the provider's container that `docker` may have. */
const PROVIDER = new Set(Object.entries(OVERRIDABLE).flatMap(([name, allowed]) => (allowed === true ? [name] : [])));

const TEXT = readFileSync("docs/compose.md", "utf8");
const codes = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);
const rows = TEXT.split("\n")
  .filter((line) => /^\| `/.test(line))
  .map((line) => {
    const [compose = "", here = "", why = ""] = line
      .split("|")
      .slice(1)
      .map((cell) => cell.trim());
    return { compose: codes(compose), here, options: codes(here), why };
  });
const [, without = ""] = TEXT.split("## What Compose does not have");
const alone = without.split("\n").flatMap((line) => (line.startsWith("- ") ? codes(line.split(":")[0] ?? "") : []));

test("there are rows, each with keys of Compose's and three cells", () => {
  expect(rows.length).toBeGreaterThan(100);
  for (const { compose } of rows) expect(compose.length).toBeGreaterThan(0);
});

test("every option that a row names is there", () => {
  const named = [...rows.flatMap(({ options }) => options), ...alone];
  expect(named.filter((name) => !isThere(name))).toEqual([]);
});

test("an option that is not there would be seen", () => {
  const wrong = ["nothing", "build.context2", "ports.target", "secrets.file", "docker.cpus2", "probe.disable", "env.x"];
  expect(wrong.filter(isThere)).toEqual([]);
});

test("every option of a Container is in a row, or has no counterpart", () => {
  const named = new Set([...rows.flatMap(({ options }) => options), ...alone].map((name) => name.split(".")[0]));
  expect(Object.keys(OPTIONS).filter((option) => !named.has(option))).toEqual([]);
});

test("what has no counterpart is in no row", () => {
  const inRows = new Set(rows.flatMap(({ options }) => options));
  expect(alone.filter((name) => inRows.has(name))).toEqual([]);
});

test("a row without an option says why", () => {
  const silent = rows.filter(({ options, here, why }) => options.length === 0 && (here !== "–" || why === ""));
  expect(silent.map(({ compose }) => compose)).toEqual([]);
});

test("the words that an unknown option is answered with say the same as the rows", () => {
  const here = Object.entries(COMPOSE_WORDS).filter(([word, [option]]) => !(word in OPTIONS) && option in OPTIONS);
  expect(here.length).toBeGreaterThan(25);
  const otherwise = here.filter(([word, [option, hint = ""]]) => {
    const of = rows.filter(({ compose }) => compose.some((key) => key === word || key.split(".").includes(word)));
    const named =
      option === "docker" ? codes(hint).map((code) => code.replace(/^docker: \{ (\w+).*/, "docker.$1")) : [option];
    return !of.some(
      ({ here, options }) =>
        here === "–" || options.some((each) => named.includes(each) || named.includes(each.split(".")[0] ?? "")),
    );
  });
  expect(otherwise).toEqual([]);
});

test("every key is in one row", () => {
  const keys = rows.flatMap(({ compose }) => compose);
  expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([]);
});

describe("what the sentences name", () => {
  test("are components that there are", () => {
    const named = codes(TEXT).filter((code) => /^[A-Z][a-z]+[A-Za-z]*$/.test(code));
    expect([...new Set(named)].filter((name) => !(name in components))).toEqual([]);
  });

  test("are verbs that there are", () => {
    const makefile = readFileSync("Makefile", "utf8");
    const verbs = codes(TEXT).flatMap((code) => /^make (\w+)/.exec(code)?.[1] ?? []);
    expect(verbs.length).toBeGreaterThan(0);
    expect(verbs.filter((verb) => !new RegExp(`^([\\w ]+ )?${verb}( [\\w ]+)?:`, "m").test(makefile))).toEqual([]);
  });
});
