import { afterEach, expect, test, vi } from "vitest";
import { readGraph } from "../../../cli/shared/graph.ts";
import { settingsInFiles } from "../../../cli/shared/settings.ts";
import { polyglot } from "../../../stacks/polyglot.ts";
import { deploy } from "../helpers/stack.ts";

afterEach(() => vi.unstubAllEnvs());

test("the graph is that of the program which the settings name, and asks no engine", async () => {
  vi.stubEnv("DOCKER_HOST", "unix:///nonexistent/docker.sock");
  vi.stubEnv("PATH", "/nonexistent");
  const settings = settingsInFiles("dev", { own: false });
  const graph = await readGraph(settings);
  expect(graph).toEqual((await deploy((platform) => polyglot(platform, settings))).platform.graph);
  expect(graph.nodes.length).toBeGreaterThan(3);
});
