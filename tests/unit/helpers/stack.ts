import * as pulumi from "@pulumi/pulumi";
import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb.js";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";
import { identified } from "../../../components/core/identity.ts";
import { ContainersEngine } from "../../../components/engines/containers/containers.ts";
import { Platform, type PlatformArgs } from "../../../components/index.ts";
import { FakeEngine } from "./engine.ts";

/**
 * One resource as the Pulumi engine is asked for it. Taken from the request itself, because the SDK's own mocks show neither
 * options nor which inputs are secret. Other resources are named by kind and name: `Container postgres`.
 */
export interface Recorded {
  key: string;
  type: string;
  name: string;
  parent: string | undefined;
  provider: string | undefined;
  /** Without the marks of what is secret. */
  inputs: Record<string, unknown>;
  /** The paths that were marked as secret in the inputs and the replacement trigger: `uploads.0.content`. */
  secretInputs: string[];
  /** Everything that has to exist before it, by option or by input, sorted. */
  dependsOn: string[];
  protect: boolean;
  deleteBeforeReplace: boolean | undefined;
  replaceOnChanges: string[];
  ignoreChanges: string[];
  replacementTrigger: unknown;
  /** Names of hooks by when they run. */
  hooks: Record<string, string[]>;
}

export interface Options extends PlatformArgs {
  /** Where the engine is. @default "unix:///var/run/docker.sock" */
  host?: string;
  engine?: FakeEngine;
  /** Values that Stash resources hold since an earlier `up`, by name. @default - an identity with the id `ID` */
  recorded?: Record<string, unknown>;
  preview?: boolean;
  project?: string;
  stack?: string;
}

// https://github.com/pulumi/pulumi/blob/master/sdk/nodejs/runtime/rpc.ts: how a property is marked on the wire.
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** The random id of a stack that was brought up before. */
export const ID = "0a1b2c3d";

/** Values that the mocked providers generate. */
export const passwordOf = (name: string) => `madeFor${name.replaceAll("-", "")}0123456789`;
export const volumeOf = (name: string) => `volume-${name}-0a1b2c`;
export const idOf = (name: string) => `id-of-${name}`;

/** A stack that was brought up under mocks: what it asked the Pulumi engine for, and its hooks, to be called by the test. */
export class Stack<T> {
  readonly made: T;
  readonly platform: Platform;
  readonly engine: FakeEngine;
  readonly resources: readonly Recorded[];
  readonly #hooks: ReadonlyMap<string, pulumi.ResourceHook>;

  constructor(made: T, platform: Platform, engine: FakeEngine, monitor: Monitor) {
    this.made = made;
    this.platform = platform;
    this.engine = engine;
    this.resources = monitor.recorded;
    this.#hooks = monitor.hooks;
  }

  /** Kinds and names of all resources, sorted. */
  get keys(): string[] {
    return this.resources.map(({ key }) => key).sort();
  }

  /** Types of all resources, by kind and name. */
  get types(): Record<string, string> {
    return Object.fromEntries(this.resources.map(({ key, type }) => [key, type]));
  }

  get(key: string): Recorded {
    const found = this.resources.filter((each) => each.key === key);
    if (found.length !== 1 || !found[0])
      throw new Error(`${found.length} resources "${key}" among ${this.keys.join(", ")}`);
    return found[0];
  }

  of(kind: string): Recorded[] {
    return this.resources.filter(({ key }) => key.startsWith(`${kind} `));
  }

  /** Whether a resource is only made once the other is there, directly or through others. */
  waitsFor(key: string, other: string): boolean {
    const { dependsOn } = this.get(key);
    return dependsOn.some((each) => each === other || this.waitsFor(each, other));
  }

  /** Runs a hook, as the Pulumi engine does. */
  async run(name: string, args: Partial<pulumi.ResourceHookArgs> = {}): Promise<void> {
    const hook = this.hook(name);
    await hook.callback({ urn: "", id: "", name, type: "", ...args });
  }

  hook(name: string): pulumi.ResourceHook {
    const hook = this.#hooks.get(name);
    if (!hook) throw new Error(`no hook "${name}" among ${[...this.#hooks.keys()].join(", ")}`);
    return hook;
  }
}

/** Runs a program under mocks, until every resource has been registered. */
export async function deploy<T>(program: (platform: Platform) => T, options: Options = {}): Promise<Stack<T>> {
  const { host = "unix:///var/run/docker.sock", engine = new FakeEngine() } = options;
  const { environment, imageSource, imageMirror, subnetPool, down, only } = options;
  const args: PlatformArgs = {
    ...(environment && { environment }),
    ...(imageSource && { imageSource }),
    ...(imageMirror && { imageMirror }),
    ...(subnetPool && { subnetPool }),
    ...(down && { down }),
    ...(only && { only }),
  };
  const source = imageSource ?? "registry";
  const monitor = mock({ recorded: { identity: { id: ID, host, imageSource: source } }, ...options });
  return registered(async () => {
    const containers = new ContainersEngine({ host }, engine);
    const identity = await identified(containers, engine.ownId, source, imageSource);
    const platform = new Platform(args, containers, identity);
    const made = (await platform.declare(() => program(platform))) as T;
    return new Stack(made, platform, engine, monitor);
  });
}

/** Runs what makes resources, until every resource has been registered. */
export async function registered<T>(make: () => Promise<T>): Promise<T> {
  // The SDK keeps a stack trace with every promise, and Vitest maps every frame of each: that would be most of the time.
  const { prepareStackTrace } = Error;
  delete (Error as { prepareStackTrace?: unknown }).prepareStackTrace;
  try {
    const made = await make();
    await pulumi.runtime.disconnect();
    return made;
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
  }
}

/** Puts mocks in the place of the Pulumi engine. */
export function mock({
  recorded = {},
  preview = false,
  project = "stackyard",
  stack = "dev",
}: Pick<Options, "recorded" | "preview" | "project" | "stack"> = {}): Monitor {
  const monitor = new Monitor(recorded, preview);
  pulumi.runtime.setMockOptions(monitor, project, stack, preview);
  const { globalStore } = globalThis as unknown as { globalStore: Record<string, unknown> };
  Object.assign(globalStore, {
    // What every resource is a child of. A real one would be registered, and be among what is recorded.
    stackResource: { __pulumiResource: true, __providers: {}, getProvider: () => undefined, urn: pulumi.output("") },
    supportsSecrets: true,
    supportsResourceReferences: true,
    supportsOutputValues: false,
    supportsAliasSpecs: true,
    supportsResourceHooks: true,
    // In the place of the server through which the Pulumi engine would call the hooks.
    callbacks: {
      registerResourceHook: async (hook: pulumi.ResourceHook) => {
        if (monitor.hooks.has(hook.name)) throw new Error(`two hooks are called ${hook.name}`);
        monitor.hooks.set(hook.name, hook);
      },
      awaitStackRegistrations: async () => {},
      shutdown: () => {},
    },
  });
  return monitor;
}

/** The labels of what belongs to a service, as the provider gets them. */
export const labels = (service: string, kind: string, { project = "stackyard", stack = "dev", id = ID } = {}) => [
  { label: "stackyard.id", value: id },
  { label: "stackyard.project", value: project },
  { label: "stackyard.stack", value: stack },
  { label: "stackyard.service", value: service },
  { label: "stackyard.kind", value: kind },
];

/** What an output holds. @throws Error what it failed with, which `apply` would wait for without an end. */
export function held<T>(value: pulumi.Input<T>): Promise<T> {
  // The SDK's types leave it out.
  return (pulumi.output(value) as unknown as { promise(): Promise<T> }).promise();
}

type Wire = null | boolean | number | string | Wire[] | { [key: string]: Wire };

class Monitor extends MockMonitor {
  readonly recorded: Recorded[] = [];
  readonly hooks = new Map<string, pulumi.ResourceHook>();
  readonly #keys = new Map<string, string>();
  readonly #stashes: Record<string, unknown>;
  readonly #preview: boolean;

  constructor(stashes: Record<string, unknown>, preview: boolean) {
    super({ call: () => ({}), newResource: () => ({ id: undefined, state: {} }) });
    this.#stashes = stashes;
    this.#preview = preview;
  }

  override async registerResource(
    request: RegisterResourceRequest,
    callback: (error: Error | null, answer: unknown) => void,
  ): Promise<void> {
    const [type, name] = [request.getType(), request.getName()];
    const parent = request.getParent();
    const urn = `urn:pulumi:${pulumi.getStack()}::${pulumi.getProject()}::${parent ? `${parent.split("::")[2]}$` : ""}${type}::${name}`;
    const wire = (request.getObject()?.toJavaScript() ?? {}) as Record<string, Wire>;
    const trigger = (request.getReplacementTrigger()?.toJavaScript() ?? null) as Wire;
    const secretInputs: string[] = [];
    const key = `${kindOf(type)} ${name}`;
    if (this.#keys.has(urn)) return callback(new Error(`Duplicate resource URN '${urn}'`), undefined);
    this.#keys.set(urn, key);
    this.recorded.push({
      key,
      type,
      name,
      parent: this.#keyOf(parent),
      provider: this.#keyOf(request.getProvider().split("::").slice(0, -1).join("::")),
      inputs: unmarked(wire, "", secretInputs) as Record<string, unknown>,
      secretInputs,
      dependsOn: request
        .getDependenciesList()
        .map((each) => this.#keyOf(each) ?? each)
        .sort(),
      protect: request.getProtect() ?? false,
      deleteBeforeReplace: request.getDeletebeforereplacedefined() ? request.getDeletebeforereplace() : undefined,
      replaceOnChanges: request.getReplaceonchangesList(),
      ignoreChanges: request.getIgnorechangesList(),
      replacementTrigger: unmarked(trigger, "replacementTrigger", secretInputs) ?? undefined,
      hooks: hooksOf(request),
    });
    const state = this.#stateOf(type, name, wire);
    const id = this.#preview || !request.getCustom() ? "" : idOf(name);
    this.resources.set(urn, { urn, id, state });
    callback(null, {
      getUrn: () => urn,
      getId: () => id,
      getObject: () => ({ toJavaScript: () => state }),
      getPropertydependenciesMap: () => undefined,
      getResult: () => 0,
      getUnknown: () => false,
    });
  }

  #keyOf(urn: string): string | undefined {
    return urn === "" ? undefined : this.#keys.get(urn);
  }

  /** What the engine and the providers make of the inputs. In a preview they do not know it yet. */
  #stateOf(type: string, name: string, inputs: Record<string, Wire>): Record<string, Wire> {
    const computed = (properties: Record<string, Wire>) =>
      this.#preview ? Object.fromEntries(Object.keys(properties).map((key) => [key, UNKNOWN])) : properties;
    switch (type) {
      case "pulumi:index:Stash":
        return { ...inputs, output: name in this.#stashes ? (this.#stashes[name] as Wire) : (inputs.input ?? null) };
      case "random:index/randomPassword:RandomPassword":
        return { ...inputs, ...computed({ result: { [SIGNATURE]: SECRET, value: passwordOf(name) } }) };
      case "docker:index/remoteImage:RemoteImage":
        return { ...inputs, ...computed({ imageId: `sha256:${name}`, repoDigest: `${name}@sha256:${name}` }) };
      case "docker:index/volume:Volume":
        return { ...inputs, ...computed({ name: volumeOf(name) }) };
      case "docker:index/network:Network":
      case "docker:index/container:Container":
        return { ...inputs, ...computed({ name: `${name}-0a1b2c` }) };
      default:
        return inputs;
    }
  }
}

function kindOf(type: string): string | undefined {
  if (type.startsWith("pulumi:providers:")) return "Provider";
  // Its container is one too.
  return type === "stackyard:app:Container" ? "Component" : type.split(":").at(-1);
}

function unmarked(value: Wire, path: string, secret: string[]): unknown {
  if (Array.isArray(value))
    return value.map((each, at) => unmarked(each, path === "" ? String(at) : `${path}.${at}`, secret));
  if (value === null || typeof value !== "object") return value;
  if (value[SIGNATURE] === SECRET) {
    secret.push(path);
    return unmarked(value.value ?? null, path, []);
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, unmarked(each, path === "" ? key : `${path}.${key}`, secret)]),
  );
}

function hooksOf(request: RegisterResourceRequest): Record<string, string[]> {
  const binding = request.getHooks();
  if (!binding) return {};
  const all = {
    beforeCreate: binding.getBeforeCreateList(),
    afterCreate: binding.getAfterCreateList(),
    beforeUpdate: binding.getBeforeUpdateList(),
    afterUpdate: binding.getAfterUpdateList(),
    beforeDelete: binding.getBeforeDeleteList(),
    afterDelete: binding.getAfterDeleteList(),
    onError: binding.getOnErrorList(),
  };
  return Object.fromEntries(Object.entries(all).filter(([, names]) => names.length > 0));
}

/**
 * The messages that the Pulumi CLI would show of a program that fails while its outputs are being resolved. Whatever depends on a
 * failed output fails with the same error, unhandled, which the test runner would count; the CLI shows it once.
 *
 * @throws Error for one that the CLI would show with a stack trace.
 */
export async function refusedBy(program: () => Promise<unknown>): Promise<string[]> {
  const listeners = process.rawListeners("unhandledRejection") as ((reason: unknown) => void)[];
  const errors = new Set<Error>();
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", (error) => errors.add(error as Error));
  try {
    await program().catch((error: Error) => errors.add(error));
    // They are reported after the promises of this turn.
    await new Promise((resolve) => setTimeout(resolve, 20));
  } finally {
    process.removeAllListeners("unhandledRejection");
    for (const listener of listeners) process.on("unhandledRejection", listener);
  }
  return [...errors].map((error) => {
    if (!pulumi.RunError.isInstance(error)) throw error;
    // The SDK puts this before the message, once for each output that it went through.
    return error.message.replace(/^(error serializing property "[^"]*": )+/, "");
  });
}
