import { expect, test } from "vitest";
import { Neo4j, type Neo4jArgs } from "../../../components/index.ts";
import { expectNoSecret } from "../helpers/expected.ts";
import { deploy, passwordOf } from "../helpers/stack.ts";

const neo4j = (args: Partial<Neo4jArgs> = {}) => deploy((platform) => new Neo4j("graph", { platform, ...args }));

test.each<[string, Partial<Neo4jArgs>, string[]]>([
  ["a half and an eighth of its memory", { memoryMiB: 2048 }, ["1024m", "1024m", "256m"]],
  ["them rounded down", { memoryMiB: 1001 }, ["500m", "500m", "125m"]],
  ["a heap of its own", { heapMiB: 600 }, ["600m", "600m", "128m"]],
  ["a page cache of its own", { pageCacheMiB: 200 }, ["512m", "512m", "200m"]],
  ["both, with just enough room", { memoryMiB: 392, heapMiB: 128, pageCacheMiB: 8 }, ["128m", "128m", "8m"]],
])("heap and page cache are %s", async (_, args, expected) => {
  const envs = (await neo4j(args)).get("Container graph").inputs.envs as string[];
  expect(envs.filter((each) => each.startsWith("NEO4J_server_memory_")).map((each) => each.split("=")[1])).toEqual(
    expected,
  );
});

test("the password is in no input in base64 either, as its probe has it", async () => {
  const encoded = Buffer.from(`neo4j:${passwordOf("graph-password")}`).toString("base64");
  expectNoSecret((await neo4j()).resources, [encoded]);
});
