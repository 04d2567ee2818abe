import * as pulumi from "@pulumi/pulumi";
import type { Graph } from "../../components/core/graph.ts";
import { Platform } from "../../components/core/platform.ts";
import type { EngineApi } from "../../components/engines/api.ts";
import type { Settings } from "../../stacks/config.ts";
import { PROJECT, STACK } from "./stack.ts";

type Program = (platform: Platform, settings: Settings) => unknown;

/**
 * What a stack program declares with these settings: the program itself is run, with mocks in the place of the Pulumi engine.
 * Takes neither an engine nor the Pulumi CLI, and touches nothing.
 *
 * @throws RunError as the program does.
 */
export async function readGraph(settings: Settings): Promise<Graph> {
  const { [settings.program]: program } = (await import(`../../stacks/${settings.program}.ts`)) as Record<
    string,
    Program
  >;
  if (!program) throw new Error(`stacks/${settings.program}.ts should export ${settings.program}`);
  await mockPulumi();
  const resource = new pulumi.Stash("identity", { input: {} });
  const identity = { id: "", host: "", imageSource: "registry" as const, resources: [resource] };
  // All that a program asks of an engine while it declares: hooks ask more, and none is run.
  const engine = {
    subnets: async () => [],
    routes: () => [],
    imageId: async () => undefined,
    info: async () => ({ version: "", memoryBytes: Infinity, cpus: Infinity, folder: "" }),
  } as Partial<EngineApi> as EngineApi;
  const platform = new Platform({ environment: settings.environment }, { host: "unix://" }, engine, identity);
  await platform.declare(() => program(platform, settings));
  await pulumi.runtime.disconnect();
  return platform.graph;
}

async function mockPulumi(): Promise<void> {
  const nothingKnown = { call: () => ({}), newResource: () => ({ id: undefined, state: {} }) };
  await pulumi.runtime.setMocks(nothingKnown, PROJECT, STACK, true);
  const { globalStore } = globalThis as unknown as { globalStore: Record<string, unknown> };
  // In the place of the server through which hooks would be called.
  globalStore.callbacks = {
    registerResourceHook: async () => {},
    awaitStackRegistrations: async () => {},
    shutdown: () => {},
  };
}
