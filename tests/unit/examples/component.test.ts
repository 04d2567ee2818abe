import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readGraph } from "../../../cli/shared/graph.ts";
import { ArgsError, type Platform } from "../../../components/index.ts";
import { settingsOf } from "../../../components/program/settings.ts";
import { Valkey, type ValkeyArgs } from "../../../examples/component/valkey.ts";
import { deploy, type Options } from "../helpers/stack.ts";

const valkey = (args: Partial<ValkeyArgs> = {}, options: Options = {}) =>
  deploy((platform) => new Valkey("cache", { platform, ...args }), options);

test("examples/component can be declared: a page that refers to a database of one's own", async () => {
  const own = { program: "component", hostPort: 28_081 };
  const { nodes, edges } = await readGraph(await settingsOf(own, "dev", "examples"));
  expect(nodes.map(({ name, type, hostPorts }) => [name, type, hostPorts])).toEqual([
    ["cache", "Valkey", []],
    ["page", "Container", [28_081]],
  ]);
  expect(edges).toMatchObject([{ from: "page", to: "cache" }]);
});

test("its README says where the page is", async () => {
  const { own } = await settingsOf({ program: "component" }, "dev", "examples");
  expect(readFileSync("examples/component/README.md", "utf8")).toContain(`http://127.0.0.1:${own.hostPort}.`);
});

test.each<[string, Record<string, unknown>, string]>([
  ["a number that is none", { memoryMiB: "much" }, "memoryMiB: should be a number, got"],
  ["an unknown option", { memory: 128 }, "memory: "],
  ["a directive that an option decides", { settings: { requirepass: "x" } }, "settings.requirepass: It follows from"],
  ["a directive that is fixed", { settings: { port: 7000 } }, "settings.port: It is where `connection`"],
  ["two images", { image: "a:1", build: { context: "examples/component/valkey" } }, "image: It has one image"],
])("refuses %s, and names the component", async (_, args, fault) => {
  const refused = await valkey(args).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ArgsError);
  expect((refused as Error).message).toContain('Valkey "cache" has bad arguments');
  expect((refused as Error).message).toContain(fault);
});

test("a bad password is refused without being shown", async () => {
  const refused = valkey({ password: "hush\nhush" });
  await expect(refused).rejects.toThrow(/^Valkey "cache" has bad arguments\n {2}password: /);
  await expect(refused).rejects.not.toThrow("hush");
});

test("its settings are arguments of the server, each as a line of its configuration", async () => {
  const { command } = (await valkey({ settings: { save: "", "maxmemory-policy": "allkeys-lru" } })).get(
    "Container cache",
  ).inputs;
  expect((command as string[]).slice(-4)).toEqual([
    "--appendonly",
    "yes",
    '--save ""',
    '--maxmemory-policy "allkeys-lru"',
  ]);
});

const imagesOf = async (args: Partial<ValkeyArgs>, imageSource: Platform["imageSource"]) =>
  (await valkey(args, { imageSource })).of("RemoteImage").map(({ name }) => name);

test("its image is pulled, or built by its own Dockerfile where images come from package registries", async () => {
  expect(await imagesOf({}, "registry")).toEqual(["image-valkey-valkey-8"]);
  expect(await imagesOf({}, "packages")).toEqual(["image-debian-trixie-slim", "cache-image"]);
});

test("another image that is given is used instead, whatever the source", async () => {
  const image = { registry: "example/valkey:8.1", packages: "redis" };
  expect(await imagesOf({ image }, "registry")).toEqual(["image-example-valkey-8-1"]);
  expect(await imagesOf({ image }, "packages")).toEqual(["image-example-valkey-8-1"]);
});
