import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readGraph } from "../../../cli/shared/graph.ts";
import { settingsOf } from "../../../components/program/settings.ts";

test("examples/queue can be declared: a page that refers to a queue, and nothing else published", async () => {
  const { nodes, edges } = await readGraph(await settingsOf({ program: "queue", hostPort: 28_080 }, "dev", "examples"));
  expect(nodes.map(({ name, type, hostPorts }) => [name, type, hostPorts])).toEqual([
    ["queue", "Container", []],
    ["page", "Container", [28_080]],
  ]);
  expect(edges).toMatchObject([{ from: "page", to: "queue" }]);
});

test("its README says where the page is", async () => {
  const { own } = await settingsOf({ program: "queue" }, "dev", "examples");
  expect(readFileSync("examples/queue/README.md", "utf8")).toContain(`http://127.0.0.1:${own.hostPort}.`);
});
