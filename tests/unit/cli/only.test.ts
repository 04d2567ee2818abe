import { expect, test, vi } from "vitest";
import { namesUp, onlyWanted } from "../../../cli/shared/only.ts";
import type { State } from "../../../cli/shared/stack.ts";

const container = (name: string, kind: "service" | "job") => ({
  urn: "",
  type: "docker:index/container:Container",
  name,
  outputs: { labels: [{ label: "stackyard.kind", value: kind }] },
});
const gate = (name: string) => ({ urn: "", type: "pulumi:index:Stash", name, outputs: {} });
const stateOf = (...resources: State["resources"]): State => ({ resources, pending: 0 });

const FAILED = stateOf(
  container("postgres", "service"),
  gate("postgres-ready"),
  container("postgres-setup", "job"),
  gate("postgres-setup-done"),
  container("neo4j", "service"),
  container("neo4j-setup", "job"),
);

test("up is each service that has a container, ready or not, and each job that is done", () => {
  expect(namesUp(FAILED)).toEqual(["postgres", "postgres-setup", "neo4j"]);
});

test("only= leaves a job that has failed as it is, unless something that runs refers to it", async () => {
  expect(await onlyWanted(FAILED, ["redis"])).toEqual({ STACKYARD_ONLY: "postgres,postgres-setup,neo4j,redis" });
  const { STACKYARD_ONLY = "" } = await onlyWanted(FAILED, ["api"]);
  expect(STACKYARD_ONLY.split(",")).toContain("neo4j-setup");
});

test("only= of something that is not there says what is, also where nothing is", async () => {
  const said: string[] = [];
  vi.spyOn(process.stderr, "write").mockImplementation((text) => said.push(String(text)) > 0);
  vi.spyOn(process, "exit").mockImplementation(() => {
    throw new Error("exit");
  });
  await expect(onlyWanted(FAILED, ["nope"])).rejects.toThrow("exit");
  const graph = await import("../../../cli/shared/graph.ts");
  vi.spyOn(graph, "readGraph").mockResolvedValue({ nodes: [], edges: [] });
  await expect(onlyWanted(FAILED, ["nope"])).rejects.toThrow("exit");
  expect(said).toEqual([
    expect.stringMatching(/nope: there is no such service or job in stack dev; there are postgres, .*api\n$/),
    expect.stringMatching(/nope: there is no such service or job in stack dev; its program declares none\n$/),
  ]);
});
