import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Neo4j, type Neo4jArgs } from "../../../components/index.ts";
import { expectNoSecret } from "../helpers/expected.ts";
import { deploy, passwordOf, volumeOf } from "../helpers/stack.ts";

const neo4j = (args: Partial<Neo4jArgs> = {}) => deploy((platform) => new Neo4j("graph", { platform, ...args }));

test.each<[string, Partial<Neo4jArgs>, string[]]>([
  ["a half and an eighth of its memory", { memoryMiB: 2048 }, ["1024m", "1024m", "256m"]],
  ["these, rounded down", { memoryMiB: 1001 }, ["500m", "500m", "125m"]],
  ["a heap of its own", { heapMiB: 600 }, ["600m", "600m", "128m"]],
  ["a page cache of its own", { pageCacheMiB: 200 }, ["512m", "512m", "200m"]],
  ["both, with just enough room", { memoryMiB: 392, heapMiB: 128, pageCacheMiB: 8 }, ["128m", "128m", "8m"]],
])("heap and page cache are %s", async (_, args, expected) => {
  const envs = (await neo4j(args)).get("Container graph").inputs.envs as string[];
  expect(envs.filter((each) => each.startsWith("NEO4J_server_memory_")).map((each) => each.split("=")[1])).toEqual(
    expected,
  );
});

test.each([
  ["one of Java's compilers in dev, where it starts often", "dev", true],
  ["both in prod", "prod", false],
] as const)("has %s", async (_, environment, quick) => {
  const { inputs } = (await deploy((platform) => new Neo4j("graph", { platform }), { environment })).get(
    "Container graph",
  );
  expect(JSON.stringify(inputs.envs).includes("-XX:TieredStopAtLevel=1")).toBe(quick);
});

test("plugins are in a volume of their own, which is replaced when one changes; the state has only their hashes", async () => {
  const folder = mkdtempSync(join(tmpdir(), "stackyard-neo4j-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const paths = ["one.jar", "two.jar"].map((name) => join(folder, name));
  const content = Buffer.from([0, 255, 10, 13]);
  for (const path of paths) writeFileSync(path, content);
  const stack = await neo4j({ plugins: paths });
  expect(stack.get("Container graph").inputs.volumes).toContainEqual({
    containerPath: "/plugins",
    volumeName: volumeOf("graph-plugins"),
    readOnly: true,
  });
  await stack.run("graph:plugins");
  const file = { content, mode: 0o444, uid: 0, gid: 0 };
  expect(stack.engine.acts).toEqual([
    [
      "fillVolume",
      volumeOf("graph-plugins"),
      [
        { name: "one.jar", ...file },
        { name: "two.jar", ...file },
      ],
      "sha256:image-neo4j-5-26-community",
      expect.anything(),
    ],
  ]);
  const trigger = (plugins: string[]) =>
    neo4j({ plugins }).then((it) => it.get("Volume graph-plugins").replacementTrigger);
  const before = await trigger(paths);
  expect(before).toMatch(/^[0-9a-f]{32}$/);
  expect(await trigger([...paths].reverse())).toEqual(before);
  writeFileSync(paths[1] ?? "", "others");
  expect(await trigger(paths)).not.toEqual(before);
});

test("the password is in no input in base64, the form in which the probe sends it", async () => {
  const encoded = Buffer.from(`neo4j:${passwordOf("graph-password")}`).toString("base64");
  expectNoSecret((await neo4j()).resources, [encoded]);
});

test.each<[Partial<Neo4jArgs>, string[]]>([
  [{}, []],
  [{ hostPort: 17_687 }, ["NEO4J_server_bolt_advertised__address=localhost:17687"]],
  [{ httpHostPort: 17_474 }, ["NEO4J_server_http_advertised__address=localhost:17474"]],
])("advertises its published address: %j", async (args, expected) => {
  const envs = (await neo4j(args)).get("Container graph").inputs.envs as string[];
  expect(envs.filter((each) => each.includes("advertised"))).toEqual(expected);
});
