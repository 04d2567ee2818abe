import * as pulumi from "@pulumi/pulumi";
import { type ImageSource, Platform } from "../../components/core/platform.ts";
import { BUILT } from "../../components/core/support/built-image.ts";
import type { Graph } from "../../components/core/support/graph.ts";
import { PaperEngine } from "../../components/engines/paper-engine.ts";
import type { Settings } from "../../components/program/settings.ts";
import { PROJECT, STACK } from "./stack.ts";

/**
 * What a stack program declares with these settings: the program itself is run, with mocks in the place of the Pulumi engine.
 * Takes neither an engine nor the Pulumi CLI, and touches nothing.
 *
 * @throws RunError as the program does.
 */
export async function readGraph(settings: Settings): Promise<Graph> {
  return (await declaredBy(settings, "registry")).graph;
}

/** The images from package registries that a stack program uses with these settings, by their folders in infra/airgap/images. */
export async function builtImagesOf(settings: Settings): Promise<string[]> {
  const { images } = await declaredBy(settings, "packages");
  // `stackyard.invalid/NAME:CONTENT`; what is built of them has the project's and the stack's name before its own.
  const mine = `${BUILT}${PROJECT}-${STACK}-`;
  return images.flatMap((ref) =>
    ref.startsWith(BUILT) && !ref.startsWith(mine) ? [ref.slice(BUILT.length).replace(/:.*/, "")] : [],
  );
}

async function declaredBy(
  { program, common, own, apiKeys }: Settings,
  imageSource: ImageSource,
): Promise<{ graph: Graph; images: readonly string[] }> {
  await mockPulumi();
  const resource = new pulumi.Stash("identity", { input: {} });
  const identity = { id: "", host: "", imageSource, resources: [resource] };
  const engine = new PaperEngine();
  const platform = new Platform({ environment: common.environment }, engine, identity);
  await platform.declare(() => program.declare(platform, own, apiKeys));
  await pulumi.runtime.disconnect();
  const images = engine.declared.flatMap((each) => (each.kind === "image" ? [each.spec.ref] : []));
  return { graph: platform.graph, images };
}

async function mockPulumi(): Promise<void> {
  const nothingKnown: pulumi.runtime.Mocks = {
    call: () => ({}),
    newResource: () => ({ id: undefined, state: {} }),
  };
  await pulumi.runtime.setMocks(nothingKnown, PROJECT, STACK, true);
  const { globalStore } = globalThis as unknown as { globalStore: Record<string, unknown> };
  // In the place of the server through which hooks would be called.
  globalStore.callbacks = {
    registerResourceHook: async () => {},
    awaitStackRegistrations: async () => {},
    shutdown: () => {},
  };
}
