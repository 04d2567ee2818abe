import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { engineApi } from "../engines/containers/api.ts";
import { ContainersEngine } from "../engines/containers/containers.ts";
import { dockerHost } from "../engines/containers/host.ts";
import type { Engine } from "../engines/engine.ts";
import { interrupted } from "./gate.ts";
import { type Identified, type ImageSource, identified } from "./identity.ts";
import { Ledger } from "./ledger.ts";
import { builtImage } from "./support/built-image.ts";
import { Declaration } from "./support/declaration.ts";
import { Declarations, type Graph } from "./support/graph.ts";
import { free } from "./support/guardrails.ts";
import type { LastingLifecycle } from "./support/lifecycle.ts";
import { masker } from "./support/mask.ts";
import { onlyPlatform } from "./support/one-platform.ts";
import { type PlatformSettings, platformSettings } from "./support/platform-settings.ts";
import { keptPorts } from "./support/ports.ts";

export type { ImageSource };

export interface PlatformArgs extends z.input<typeof PlatformSettings> {
  /** Settings that get a free port of this machine: `["postgres.hostPort"]`. @default [] */
  freePorts?: readonly string[];
  /** Services and jobs that run; all others are declared as `down` does. @default - all */
  only?: readonly string[] | undefined;
  /** Whether only what lasts is declared (volumes, passwords, gates of jobs) and no container, as `make down` does. @default false */
  down?: boolean;
}

/**
 * What a stack is built on: the engine and its provider, names and labels, where images come from, and what is remembered of
 * volumes. A program makes one, and gives it to every component.
 *
 * @example
 * const platform = await Platform.connect();
 * await platform.declare(() => {
 *   new Postgres("postgres", { platform, hostPort: 5432 });
 * });
 */
export class Platform extends pulumi.ComponentResource {
  /** The label of everything that belongs to this Pulumi stack. */
  readonly id: string;
  readonly engine: Engine;
  readonly environment: "dev" | "prod";
  /** How long data is kept unless a component says otherwise. */
  readonly lifecycle: LastingLifecycle;
  /** The network that subnets are taken from, in CIDR notation. */
  readonly subnetPool: string;
  readonly #runs: (name: string) => boolean;
  readonly ledger: Ledger;
  readonly imageMirror: string | undefined;
  readonly imageSource: ImageSource;
  /** Ports that were found for `freePorts`, and are kept in state. */
  readonly ports: Readonly<Record<string, number>>;
  /** Hides every secret that a component of this platform has registered. @internal */
  readonly secrets = masker();
  /** Every service and job; each adds itself. @internal */
  readonly declared: Declarations;
  readonly #declaration: Declaration;
  readonly #once = new Map<string, unknown>();

  /**
   * Finds the engine, and checks that it answers and is the one that this Pulumi stack lives on, before anything else is registered.
   *
   * @throws RunError when this program has a Platform, no engine answers, or one that is too old or another one, or images would
   * come from elsewhere. ArgsError naming every bad option.
   */
  static async connect(args: PlatformArgs = {}): Promise<Platform> {
    platformSettings(args);
    onlyPlatform("connecting");
    const engine = findEngine();
    const own = engine.ownId();
    await checkEngine(engine);
    const source = args.imageSource ?? (args.imageMirror ? "registry" : await defaultSource(engine));
    const [identity, ports] = await Promise.all([
      identified(engine, await own, source, args.imageSource),
      keptPorts(args.freePorts ?? []),
    ]);
    return new Platform(args, engine, identity, ports);
  }

  constructor(args: PlatformArgs, engine: Engine, identity: Identified, ports: Readonly<Record<string, number>> = {}) {
    const { environment, imageMirror, subnetPool } = platformSettings(args);
    onlyPlatform("made");
    const declaration = new Declaration();
    super("stackyard:core:Platform", "platform", {});
    this.#declaration = declaration;
    this.declared = new Declarations((name) => declaration.during(name));
    interrupted();
    this.environment = environment;
    this.lifecycle = this.environment === "prod" ? "protected" : "keep";
    this.#runs = (name) => args.down !== true && (args.only?.includes(name) ?? true);
    this.imageMirror = imageMirror;
    this.subnetPool = subnetPool;
    this.ports = ports;
    this.engine = engine;
    // So the identity is the last to be destroyed: while a volume is left, its engine is known.
    engine.open({ parent: this, dependsOn: identity.resources });
    this.id = identity.id;
    this.imageSource = identity.imageSource;
    this.ledger = new Ledger(declaration.complete, (port, subject) => free(this, port, subject), { parent: this });
    this.registerOutputs({});
  }

  /**
   * Runs the program: the function that declares everything. It can await anything but what `up` makes, which is made once the
   * function has ended. When it throws, nothing has been stored or touched.
   *
   * @returns what the function returns.
   */
  declare<T>(program: () => T | Promise<T>): Promise<T> {
    return this.#declaration.run(program);
  }

  /** Adds a check that has to pass before anything is registered: if it rejects, the program has failed. @internal */
  check(known: Promise<unknown>): void {
    this.#declaration.check(known);
  }

  /** Labels by which whatever belongs to this Pulumi stack is found; names are not used for that. */
  labels(service: string, kind: string): Record<string, string> {
    return {
      "stackyard.id": this.id,
      "stackyard.project": pulumi.getProject(),
      "stackyard.stack": pulumi.getStack(),
      "stackyard.service": service,
      "stackyard.kind": kind,
    };
  }

  /** What has been declared so far, with its references. @internal */
  get graph(): Graph {
    return this.declared.graph;
  }

  /** Whether a service or job runs; of others only what lasts is declared: volumes, passwords, gates. */
  runs(name: string): boolean {
    return this.#runs(name);
  }

  /** Makes something once for all components, like an image, by key. */
  once<T>(key: string, make: () => T): T {
    if (!this.#once.has(key)) this.#once.set(key, make());
    return this.#once.get(key) as T;
  }
}

function findEngine(): Engine {
  try {
    const at = dockerHost();
    return new ContainersEngine(at, engineApi(at, { signal: interrupted() }));
  } catch (error) {
    throw new pulumi.RunError((error as Error).message);
  }
}

/** @throws RunError when no engine answers, or one that is too old. */
export async function checkEngine(engine: Engine): Promise<void> {
  const fault = await engine.fault();
  if (fault) throw new pulumi.RunError(fault);
}

async function defaultSource(engine: Engine): Promise<ImageSource> {
  const found = process.env.STACKYARD_IMAGE_SOURCE;
  if (found === "registry" || found === "packages") return found;
  return (await engine.hasImage(builtImage("base").ref)) ? "packages" : "registry";
}
