import { randomBytes } from "node:crypto";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { type EngineApi, engineApi, wrongWith } from "../engines/containers/api.ts";
import { ContainersEngine } from "../engines/containers/containers.ts";
import { type DockerHost, dockerHost, isLocal } from "../engines/containers/host.ts";
import { SSH_OPTIONS } from "../engines/containers/ssh.ts";
import { freeSubnet, inTheWay } from "../engines/containers/subnets.ts";
import type { Engine } from "../engines/engine.ts";
import { valueOf } from "../engines/value.ts";
import { interrupted } from "./gate.ts";
import { Ledger } from "./ledger.ts";
import { masker } from "./secret.ts";
import type { VolumeLifecycle } from "./service.ts";
import { builtImage } from "./support/built-image.ts";
import { Declaration } from "./support/declaration.ts";
import { Declarations, type Graph } from "./support/graph.ts";
import { free } from "./support/guardrails.ts";
import { onlyPlatform } from "./support/one-platform.ts";
import { type PlatformSettings, platformSettings } from "./support/platform-settings.ts";
import { keptPorts } from "./support/ports.ts";

/** Where images come from: a container registry, or built from package registries. */
export type ImageSource = "registry" | "packages";

export interface PlatformArgs extends z.input<typeof PlatformSettings> {
  /** What a port of this machine is wanted for that nobody has: `["postgres.hostPort"]`. @default [] */
  freePorts?: readonly string[];
  /** Services and jobs that run; all others are declared as by `down`. @default - all */
  only?: readonly string[] | undefined;
  /** Declares what lasts (volumes, passwords, gates of jobs) and no container: what `make down` runs. @default false */
  down?: boolean;
}

/** What is decided at the first `up` of a Pulumi stack, and kept. */
interface Identity {
  /** By which everything of this Pulumi stack is labelled. */
  id: string;
  host: string;
  /** The engine's own id, where it has one. */
  engine?: string | undefined;
  imageSource: ImageSource;
}

type Identified = Identity & { resources: pulumi.Resource[] };

/**
 * What a stack is built on: the engine and its provider, names and labels, where images come from, and what is remembered of
 * volumes. Made once by the stack, and handed to every component.
 */
export class Platform extends pulumi.ComponentResource {
  /** By which everything of this Pulumi stack is labelled. */
  readonly id: string;
  readonly engine: Engine;
  readonly provider: docker.Provider;
  readonly environment: "dev" | "prod";
  /** How long data lasts unless a component says otherwise. */
  readonly lifecycle: VolumeLifecycle;
  /** Whether the engine is on this machine. */
  readonly local: boolean;
  readonly #runs: (name: string) => boolean;
  readonly ledger: Ledger;
  readonly imageMirror: string | undefined;
  readonly imageSource: ImageSource;
  /** What was found for `freePorts`, kept in state since. */
  readonly ports: Readonly<Record<string, number>>;
  /** Hides every secret that a component of this platform has registered. */
  readonly secrets = masker();
  readonly #subnetPool: string;
  #subnets: Promise<string[]> | undefined;
  /** Every service and job, declared here by itself. */
  readonly declared: Declarations;
  readonly #declaration: Declaration;
  readonly #taken: string[] = [];
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
    const at = resolveHost();
    const api = engineApi(at, { signal: interrupted() });
    const engine = api.engineId();
    await checkEngine(api, at.host);
    const source = args.imageSource ?? (args.imageMirror ? "registry" : await defaultSource(api));
    const [identity, ports] = await Promise.all([
      identified(api, { host: at.host, engine: await engine }, source, args.imageSource),
      keptPorts(args.freePorts ?? []),
    ]);
    return new Platform(args, at, api, identity, ports);
  }

  constructor(
    args: PlatformArgs,
    at: DockerHost,
    api: EngineApi,
    identity: Identified,
    ports: Readonly<Record<string, number>> = {},
  ) {
    const { environment, imageMirror, subnetPool } = platformSettings(args);
    onlyPlatform("made");
    const declaration = new Declaration();
    super("stackyard:core:Platform", "platform", {});
    this.#declaration = declaration;
    this.declared = new Declarations((name) => declaration.during(name));
    interrupted();
    this.environment = environment;
    this.lifecycle = this.environment === "prod" ? "protected" : "keep";
    this.local = isLocal(at);
    this.#runs = (name) => args.down !== true && (args.only?.includes(name) ?? true);
    this.imageMirror = imageMirror;
    this.#subnetPool = subnetPool;
    this.ports = ports;
    const own = { parent: this };
    this.provider = new docker.Provider(
      "docker",
      {
        host: at.host,
        // Said even where there is none: the provider's own way to find a context, by its environment, knows one folder only.
        context: "",
        certPath: at.certPath ?? "",
        ...(at.host.startsWith("ssh:") ? { sshOpts: [...SSH_OPTIONS] } : {}),
      },
      // So the identity is the last to be destroyed: while a volume is left, its engine is known.
      { ...own, dependsOn: identity.resources },
    );
    this.engine = new ContainersEngine(this.provider, api);

    this.id = identity.id;
    this.imageSource = identity.imageSource;
    this.ledger = new Ledger(declaration.complete, (port, subject) => free(this, port, subject), own);
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

  /** Whether only what lasts of a service or job is declared: its volume, its passwords, its gate once it is done. */
  rests(name: string): boolean {
    return !this.#runs(name);
  }

  /** A small subnet that nothing on the engine uses. */
  subnet(name: string): pulumi.Output<string> {
    this.#subnets ??= this.#used();
    return pulumi.output(
      this.#subnets.then((used) => {
        const chosen = freeSubnet(
          `${pulumi.getProject()}/${pulumi.getStack()}/${name}`,
          [...used, ...this.#taken],
          (subnet) => pulumi.runtime.isDryRun() || this.engine.api.claimSubnet(subnet),
          this.#subnetPool,
        );
        this.#taken.push(chosen);
        return chosen;
      }),
    );
  }

  /** Subnets of the engine's networks; and of this machine's other ones, where the engine is on it. */
  async #used(): Promise<string[]> {
    return [
      ...(await this.engine.api.subnets()),
      ...(this.local ? inTheWay(this.engine.api.routes(), this.#subnetPool) : []),
    ];
  }

  /** What is made once for all components, by key: images, for one. */
  once<T>(key: string, make: () => T): T {
    if (!this.#once.has(key)) this.#once.set(key, make());
    return this.#once.get(key) as T;
  }
}

function resolveHost(): DockerHost {
  try {
    return dockerHost();
  } catch (error) {
    throw new pulumi.RunError((error as Error).message);
  }
}

/** @throws RunError when no engine answers, or one that is too old. */
export async function checkEngine(api: EngineApi, host: string): Promise<void> {
  const wrong = await wrongWith(api, host);
  if (wrong) throw new pulumi.RunError(wrong);
}

async function defaultSource(api: EngineApi): Promise<ImageSource> {
  const told = process.env.STACKYARD_IMAGE_SOURCE;
  if (told === "registry" || told === "packages") return told;
  return (await api.hasImage(builtImage("base").ref)) ? "packages" : "registry";
}

/**
 * What was decided at the first `up`; this is the first when nothing was.
 *
 * @param at the engine of this run.
 * @param source where images come from if nothing was decided yet.
 * @param wanted where the configuration says they come from.
 * @throws RunError when this run would use another engine, or other images, than what the volumes were made with.
 */
export async function identified(
  api: Pick<EngineApi, "volumes">,
  at: { host: string; engine?: string | undefined },
  source: ImageSource,
  wanted?: ImageSource,
): Promise<Identified> {
  const fresh: Identity = {
    id: randomBytes(4).toString("hex"),
    host: at.host,
    ...(at.engine === undefined ? {} : { engine: at.engine }),
    imageSource: source,
  };
  // A Stash keeps the value that it was made with; what later runs propose is ignored. It is known in a preview too.
  const resource = new pulumi.Stash("identity", { input: fresh }, { ignoreChanges: ["input"] });
  const recorded: Identity = await valueOf(resource.output);
  const resources: pulumi.Resource[] = [resource];
  const sameEngine = async (engine: string | undefined) =>
    (engine === undefined || at.engine === undefined ? recorded.host === at.host : engine === at.engine) ||
    // Reached in another way, or an engine that was installed anew over its data.
    (await api.volumes({ "stackyard.id": recorded.id })).length > 0;

  let { engine } = recorded;
  let same = await sameEngine(engine);
  if (same && engine === undefined && at.engine !== undefined) {
    // Recorded without an id, as of an engine that did not say its own: it takes it on.
    const later = new pulumi.Stash("engine", { input: at.engine }, { ignoreChanges: ["input"] });
    engine = (await valueOf(later.output)) as string;
    same = await sameEngine(engine);
    resources.push(later);
  }
  if (!same) {
    throw new pulumi.RunError(
      recorded.host === at.host
        ? `This Pulumi stack lives on another engine than the one at ${at.host} (id ${engine}, got ${at.engine}): its volumes ` +
            "are not there. Set DOCKER_HOST to the one that it lives on, or use another stack (NAME=…) for this one."
        : `This Pulumi stack lives on the engine at ${recorded.host}, got ${at.host}: its volumes are not there. ` +
            `Set DOCKER_HOST=${recorded.host}, or use another stack (NAME=…) for the other engine.`,
    );
  }
  if (wanted !== undefined && wanted !== recorded.imageSource) {
    throw new pulumi.RunError(
      `imageSource: should be ${recorded.imageSource}, got ${wanted}: it was decided when this Pulumi stack was first ` +
        "brought up, and its volumes were written by those images. Set it back, or use another stack (NAME=…); `make clean` " +
        "gives this one up, with its data, and the next `up` decides anew.",
    );
  }
  return { ...recorded, resources };
}
