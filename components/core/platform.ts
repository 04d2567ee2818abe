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
  /** What a port of this machine is wanted for that nobody has: `["postgres.hostPort"]`. @default [] */
  freePorts?: readonly string[];
  /** Services and jobs that run; all others are declared as by `down`. @default - all */
  only?: readonly string[] | undefined;
  /** Declares what lasts (volumes, passwords, gates of jobs) and no container: what `make down` runs. @default false */
  down?: boolean;
}

/**
 * What a stack is built on: the engine and its provider, names and labels, where images come from, and what is remembered of
 * volumes. Made once by the stack, and handed to every component.
 */
export class Platform extends pulumi.ComponentResource {
  /** By which everything of this Pulumi stack is labelled. */
  readonly id: string;
  readonly engine: Engine;
  readonly environment: "dev" | "prod";
  /** How long data lasts unless a component says otherwise. */
  readonly lifecycle: LastingLifecycle;
  /** Where networks take their subnets from, in CIDR form. */
  readonly subnetPool: string;
  readonly #runs: (name: string) => boolean;
  readonly ledger: Ledger;
  readonly imageMirror: string | undefined;
  readonly imageSource: ImageSource;
  /** What was found for `freePorts`, kept in state since. */
  readonly ports: Readonly<Record<string, number>>;
  /** Hides every secret that a component of this platform has registered. */
  readonly secrets = masker();
  /** Every service and job, declared here by itself. */
  readonly declared: Declarations;
  readonly #declaration: Declaration;
  readonly #once = new Map<string, unknown>();

  /**
   * Finds the engine, and sees that it answers and is the one that this Pulumi stack lives on, before anything else is registered.
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
   * Runs the program: the function that declares everything. It may await what others tell it, but nothing that `up` makes: that
   * is made once the function has ended. When it throws, nothing was stored and nothing touched.
   *
   * @returns what the function returns.
   */
  declare<T>(program: () => T | Promise<T>): Promise<T> {
    return this.#declaration.run(program);
  }

  /** Something to be known before anything is registered: where it rejects, the program has failed. */
  check(known: Promise<unknown>): void {
    this.#declaration.check(known);
  }

  /** Labels by which everything that belongs to this Pulumi stack is found, never by its name. */
  labels(service: string, kind: string): Record<string, string> {
    return {
      "stackyard.id": this.id,
      "stackyard.project": pulumi.getProject(),
      "stackyard.stack": pulumi.getStack(),
      "stackyard.service": service,
      "stackyard.kind": kind,
    };
  }

  /** What has been declared so far, and what refers to what. */
  get graph(): Graph {
    return this.declared.graph;
  }

  /** Whether a service or job is declared with its container; otherwise only what lasts of it is: volumes, passwords, gates. */
  runs(name: string): boolean {
    return this.#runs(name);
  }

  /** What is made once for all components, by key: images, for one. */
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
