import { readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { graphSvg } from "../../../cli/graph/svg.ts";
import { builtImagesOf, readGraph } from "../../../cli/shared/graph.ts";
import { withChosenPorts } from "../../../cli/shared/ports.ts";
import { settingsInFiles } from "../../../cli/shared/settings.ts";
import { polyglot } from "../../../stacks/polyglot.ts";
import { deploy } from "../helpers/stack.ts";

test("the graph is that of the program which the settings name, and asks no engine and no pulumi", async () => {
  vi.stubEnv("DOCKER_HOST", "unix:///nonexistent/docker.sock");
  vi.stubEnv("PATH", "/nonexistent");
  const settings = settingsInFiles("dev", { own: false });
  const graph = await readGraph(settings);
  expect(graph).toEqual((await deploy((platform) => polyglot(platform, settings))).platform.graph);
  expect(graph.nodes.length).toBeGreaterThan(3);
});

test("a copy's graph has the ports that it was given, and none before", async () => {
  const settings = { ...settingsInFiles("dev", { own: false }), ports: "free" as const };
  const chosen = { urn: "", type: "pulumi:index:Stash", name: "port-redis.hostPort", outputs: { output: 12_345 } };
  const { nodes } = await readGraph(withChosenPorts(settings, () => ({ resources: [chosen], pending: 0 })));
  const published = nodes.filter(({ hostPorts }) => hostPorts.length > 0);
  expect(published.map(({ name, hostPorts }) => [name, hostPorts])).toEqual([["redis", [12_345]]]);
});

test("the README's picture is what the program says: `make graph readme=1` draws it anew", async () => {
  const graph = await readGraph(settingsInFiles("dev", { own: false }));
  expect(readFileSync("docs/graph.svg", "utf8")).toBe(graphSvg(graph, "dev"));
  expect(readFileSync("README.md", "utf8")).toContain('<img src="docs/graph.svg"');
});

test("the images that set-up builds are those of what is switched on", async () => {
  const settings = settingsInFiles("dev", { own: false });
  const off = { neo4j: undefined, qdrant: undefined, minio: undefined, ollama: undefined };
  const all = ["minio", "neo4j", "node", "ollama", "postgres", "qdrant-stand-in", "redis"];
  expect((await builtImagesOf(settings)).sort()).toEqual(all);
  expect((await builtImagesOf({ ...settings, ...off })).sort()).toEqual(["node", "postgres", "redis"]);
});
