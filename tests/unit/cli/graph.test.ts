import { readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { graphSvg } from "../../../cli/graph/svg.ts";
import { readGraph } from "../../../cli/shared/graph.ts";
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

test("the README's picture is what the program says: `make graph readme=1` draws it anew", async () => {
  const graph = await readGraph(settingsInFiles("dev", { own: false }));
  expect(readFileSync("docs/graph.svg", "utf8")).toBe(graphSvg(graph, "dev"));
  expect(readFileSync("README.md", "utf8")).toContain('<img src="docs/graph.svg"');
});
