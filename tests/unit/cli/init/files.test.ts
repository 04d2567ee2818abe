import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { DATABASES, type DatabaseName } from "../../../../cli/init/databases.ts";
import { projectFiles } from "../../../../cli/init/files.ts";
import { VERSIONS } from "../../../../cli/init/versions.ts";

const ALL = Object.keys(DATABASES) as DatabaseName[];

test("a project has the files that a user expects", () => {
  const files = Object.keys(projectFiles({ name: "shop", databases: ["postgres"], api: true }));
  expect(files.sort()).toEqual([
    ...[".gitignore", "Makefile", "Pulumi.dev.yaml", "Pulumi.prod.yaml", "Pulumi.yaml"],
    ...["api/Dockerfile", "api/probe.ts", "api/server.ts", "index.ts", "stacks/app.ts", "tsconfig.json"],
  ]);
  const without = Object.keys(projectFiles({ name: "shop", databases: [], api: false }));
  expect(files.filter((each) => !without.includes(each))).toEqual(["api/Dockerfile", "api/probe.ts", "api/server.ts"]);
});

describe("the program and its settings", () => {
  test.each([[[]], [["redis"]], [ALL]] as [DatabaseName[]][])("with %j", (databases) => {
    for (const api of [true, false]) {
      const files = projectFiles({ name: "shop", databases, api });
      const program = files["stacks/app.ts"] ?? "";
      for (const name of databases) {
        expect(program).toContain(`new ${DATABASES[name].component}("${name}", { platform, ...options.${name} })`);
      }
      expect(program.includes('new Api("api"')).toBe(api);
      expect(program.includes("uses:")).toBe(api && databases.length > 0);
      const { config } = parse(files["Pulumi.dev.yaml"] ?? "") as { config: object };
      const names = ["environment", ...databases, ...(api ? ["api"] : [])];
      expect(Object.keys(config)).toEqual(names.map((each) => `shop:${each}`));
    }
  });
});

test("Pulumi runs the program as it runs this repository's", () => {
  const nodeargs = (text = "") =>
    (parse(text) as { runtime: { options: { nodeargs: string } } }).runtime.options.nodeargs;
  const own = nodeargs(readFileSync("Pulumi.yaml", "utf8")).replace("./infra/lean.mjs", "stackyard/lean");
  expect(nodeargs(projectFiles({ name: "shop", databases: [], api: false })["Pulumi.yaml"])).toBe(own);
});

test("packages are of the versions that Stackyard was tested with", () => {
  const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as {
    packages: Record<string, { version: string }>;
  };
  expect(VERSIONS).toEqual(
    Object.fromEntries(Object.keys(VERSIONS).map((name) => [name, packages[`node_modules/${name}`]?.version])),
  );
});
