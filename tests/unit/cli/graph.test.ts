import { readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { graphSvg } from "../../../cli/graph/svg.ts";
import { builtImagesOf, readGraph } from "../../../cli/shared/graph.ts";
import { withChosenPorts } from "../../../cli/shared/ports.ts";
import { settingsInFiles } from "../../../cli/shared/settings.ts";
import type { SettingsOf } from "../../../components/index.ts";
import { switchedOn } from "../../../components/program/program.ts";
import { type settings as Declared, program } from "../../../stacks/polyglot.ts";
import { deploy } from "../helpers/stack.ts";

test("the graph is that of the program which the settings name, and asks no engine and no pulumi", async () => {
  vi.stubEnv("DOCKER_HOST", "unix:///nonexistent/docker.sock");
  vi.stubEnv("PATH", "/nonexistent");
  const settings = await settingsInFiles("dev", { own: false });
  const own = switchedOn(settings.own) as SettingsOf<typeof Declared>;
  const graph = await readGraph(settings);
  expect(graph).toEqual((await deploy((platform) => program(platform, own))).platform.graph);
  expect(graph.nodes.length).toBeGreaterThan(3);
});

test("a copy's graph has the ports that it was given, and none before", async () => {
  const dev = await settingsInFiles("dev", { own: false });
  const settings = { ...dev, common: { ...dev.common, ports: "free" as const } };
  const chosen = { urn: "", type: "pulumi:index:Stash", name: "port-redis.hostPort", outputs: { output: 12_345 } };
  const { nodes } = await readGraph(withChosenPorts(settings, () => ({ resources: [chosen], pending: 0 })));
  const published = nodes.filter(({ hostPorts }) => hostPorts.length > 0);
  expect(published.map(({ name, hostPorts }) => [name, hostPorts])).toEqual([["redis", [12_345]]]);
});

test("the README's picture is what the program says: `make graph readme=1` draws it anew", async () => {
  const graph = await readGraph(await settingsInFiles("dev", { own: false }));
  expect(readFileSync("docs/graph.svg", "utf8")).toBe(graphSvg(graph, "dev"));
  expect(readFileSync("README.md", "utf8")).toContain('<img src="docs/graph.svg"');
});

test("the images that set-up builds are those of what is switched on", async () => {
  const settings = await settingsInFiles("dev", { own: false });
  const off = Object.fromEntries(["neo4j", "qdrant", "minio", "ollama"].map((name) => [name, { enabled: false }]));
  const all = ["minio", "neo4j", "node", "ollama", "postgres", "qdrant-stand-in", "redis"];
  expect((await builtImagesOf(settings)).sort()).toEqual(all);
  expect((await builtImagesOf({ ...settings, own: { ...settings.own, ...off } })).sort()).toEqual([
    "node",
    "postgres",
    "redis",
  ]);
});
