import { existsSync, globSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";

// Parts of Pulumi's SDK that it does not promise to keep: which, who uses them, and whether this version has them. What the SDK
// exports by `@pulumi/pulumi` itself is public.

const require = createRequire(import.meta.url);
const SDK = "node_modules/@pulumi/pulumi";
const json = (file: string) => JSON.parse(readFileSync(file, "utf8"));
const { version } = json(`${SDK}/package.json`) as { version: string };

interface Part {
  part: string;
  users: string[];
  isThere: () => boolean;
}

const LEAN = "infra/lean.mjs";
const lean = readFileSync(LEAN, "utf8");
const matches = (pattern: RegExp) => [...lean.matchAll(pattern)].map(({ groups = {} }) => groups as { path: string });
const standIns = matches(/^ {2}"(?<path>\/[\w@/.-]+\.js)":/gm).map(({ path }) => path);
const replaced = [
  ...matches(/path: "(?<path>[^"]+)",\s*unless: "\w+",\s*text: (?<quote>["'])(?<text>.+)\k<quote>/g),
  ...matches(/^ {2}later\("(?<path>[^"]+)", '(?<text>[^']+)'\)/gm),
] as { path: string; text: string }[];
const has = (module: string, ...names: string[]) =>
  existsSync(`node_modules/${module}`) && names.every((name) => name in require(module));
/** The SDK keeps it on the global object, once it is loaded. */
const store = () => (globalThis as { globalStore?: object }).globalStore ?? {};

const PARTS: Part[] = [
  ...standIns.map((path) => ({
    part: `the file ${path.slice(1)}`,
    users: [LEAN],
    isThere: () => existsSync(`node_modules${path}`),
  })),
  ...replaced.map(({ path, text }) => ({
    part: `the text \`${text}\`, once in ${path.slice(1)}`,
    users: [LEAN],
    isThere: () =>
      existsSync(`node_modules${path}`) && readFileSync(`node_modules${path}`, "utf8").split(text).length === 2,
  })),
  {
    part: "runtime/closure/v8Hooks.js with getSessionAsync, isInitializedAsync, getScriptUrl and no more",
    users: [LEAN],
    isThere: () => {
      const exported = readFileSync(`${SDK}/runtime/closure/v8Hooks.js`, "utf8").matchAll(/^exports\.(\w+) = /gm);
      const names = [...exported].map(([, name]) => name).sort();
      return names.join() === "getScriptUrl,getSessionAsync,isInitializedAsync";
    },
  },
  {
    part: "Output.resources(), which all() and apply() hand on",
    users: ["components/core/support/graph.ts"],
    isThere: () => {
      const resource = { __pulumiResource: true } as unknown as pulumi.Resource;
      type Marked = pulumi.Output<string> & { resources(): Set<pulumi.Resource> };
      const marked = pulumi.output("a") as Marked;
      if (typeof marked.resources !== "function") return false;
      marked.resources = () => new Set([resource]);
      return (pulumi.interpolate`${marked}-b`.apply((text) => text) as Marked).resources().has(resource);
    },
  },
  {
    part: "MockMonitor of runtime/mocks.js, with its `resources` and `registerResource`",
    users: ["tests/unit/helpers/stack.ts"],
    isThere: () => {
      if (!has("@pulumi/pulumi/runtime/mocks.js", "MockMonitor")) return false;
      const { MockMonitor } = require("@pulumi/pulumi/runtime/mocks.js");
      return new MockMonitor({}).resources instanceof Map && "registerResource" in MockMonitor.prototype;
    },
  },
  {
    part: "RegisterResourceRequest of proto/resource_pb.js",
    users: ["tests/unit/helpers/stack.ts"],
    isThere: () => has("@pulumi/pulumi/proto/resource_pb.js", "RegisterResourceRequest"),
  },
  {
    part: "globalStore, with the stack's resource and what the engine supports",
    users: ["tests/unit/helpers/stack.ts", "cli/shared/graph.ts"],
    isThere: () =>
      pulumi.runtime.getStackResource() === undefined &&
      ["stackResource", "supportsSecrets", "supportsAliasSpecs", "supportsResourceHooks"].every(
        (name) => name in store(),
      ),
  },
  {
    part: "globalStore.callbacks, by which hooks are registered",
    users: ["tests/unit/helpers/stack.ts", "cli/shared/graph.ts"],
    isThere: () => {
      if (!has("@pulumi/pulumi/runtime/settings.js", "getCallbacks")) return false;
      const mine = {};
      const callbacks = store() as { callbacks: object | undefined };
      const { callbacks: before } = callbacks;
      callbacks.callbacks = mine;
      try {
        return require("@pulumi/pulumi/runtime/settings.js").getCallbacks() === mine;
      } finally {
        callbacks.callbacks = before;
      }
    },
  },
  {
    part: "cmd/run, by which the processes that run a program are known",
    users: ["cli/shared/hold.ts"],
    isThere: () => existsSync(`${SDK}/cmd/run/index.js`),
  },
];

describe(`@pulumi/pulumi ${version} has`, () => {
  test.each(PARTS)("$part", ({ part, users, isThere }) => {
    const moved = `@pulumi/pulumi ${version} no longer has ${part}. Change what uses it: ${users.join(", ")}.`;
    expect(isThere(), moved).toBe(true);
  });
});

test("what infra/lean.mjs stands in for, and replaces, was read", () => {
  expect([standIns.length, replaced.length]).toEqual([5, 10]);
});

test("the version is exact, and the one that is installed", () => {
  expect(json("package.json").peerDependencies["@pulumi/pulumi"]).toBe(version);
});

test("nothing else imports a file of the SDK by its path, or reads its store", () => {
  const sources = [
    "index.ts",
    ...["stacks", "components", "cli", "infra", "tests", "examples"].map((at) => `${at}/**/*.ts`),
  ];
  const users = globSync(sources, { exclude: (path) => path.includes("node_modules") }).filter(
    (path) =>
      /from "@pulumi\/pulumi\/|\bglobalStore\b/.test(readFileSync(path, "utf8")) &&
      !path.startsWith("tests/unit/private"),
  );
  const known = PARTS.flatMap(({ users }) => users);
  expect(users.filter((path) => !known.includes(path))).toEqual([]);
});
