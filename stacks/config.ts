import * as pulumi from "@pulumi/pulumi";
import { allConfig } from "@pulumi/pulumi/runtime/index.js";
import { z } from "zod";
import {
  ArgsError,
  count,
  cpus,
  faultsOf,
  gpus,
  hostPort,
  matching,
  mebibytes,
  seconds,
  subnetPool,
  unshown,
  variable,
} from "../components/core/support/args.ts";

/** What every service takes. */
const limits = {
  /** TCP port on the host's 127.0.0.1. @default - not published */
  hostPort: hostPort().optional(),
  /** Memory limit, in MiB. @default - the component's own */
  memoryMiB: mebibytes().optional(),
  /** Share of the host's CPUs. @default - no limit */
  cpus: cpus().optional(),
  /** How long the first good probe may take, in seconds. @default - the component's own */
  readyTimeoutSeconds: seconds().optional(),
};

/** What every database takes; what is particular to one is passed on to its component as it is. */
const database = {
  /** Whether it is there at all, with its setup job. @default true */
  enabled: z.boolean("true or false").default(true),
  ...limits,
};

/** Everything that can be set, with its rule and its default. */
export const Settings = z.strictObject({
  /** Which stack program is deployed. */
  program: z.enum(["polyglot"]).default("polyglot"),
  /** `prod` protects data and publishes the API only. */
  environment: z.enum(["dev", "prod"]).default("dev"),
  /** Where images come from. @default - decided at the first `up`, and kept */
  imageSource: z.enum(["registry", "packages"]).optional(),
  /** A container registry that serves the same repositories as the public one. @default - each image's own */
  imageMirror: matching(
    /^[a-z0-9][a-z0-9.-]*(:\d+)?(\/[a-z0-9._/-]+)?$/,
    "a registry's host, with port and path where it has them",
  ).optional(),
  /** Where networks take their subnets from. @default "10.213.0.0/16" */
  subnetPool: subnetPool().optional(),
  /**
   * `free`: the ports below say only what is published, each on a port that nobody had at the first `up`. For copies beside the
   * main one.
   */
  ports: z.enum(["fixed", "free"]).default("fixed"),
  /** API keys that the API is handed, by the name under which each is set: `pulumi config set --secret OPENAI_API_KEY`. */
  apiKeys: z.record(variable(), z.enum(["required", "optional"], unshown("required or optional"))).default({}),
  postgres: z
    .strictObject({
      ...database,
      /** Major version: 16, 17 or 18; fixed once there is data. @default 17 */
      version: z
        .preprocess((value) => (typeof value === "number" ? String(value) : value), z.enum(["16", "17", "18"]))
        .optional(),
      /** Most connections at a time. @default 100 */
      maxConnections: count(1, 10_000).optional(),
      /** Cache that all connections share, in MiB. @default - PostgreSQL's own, 128 */
      sharedBuffersMiB: mebibytes(1).optional(),
    })
    .prefault({}),
  redis: z
    .strictObject({
      ...database,
      /** Most memory for data, in MiB. @default - half of `memoryMiB` */
      maxMemoryMiB: mebibytes(1).optional(),
      /** Writes every change to a log on disk. @default true */
      appendOnly: z.boolean("true or false").optional(),
    })
    .prefault({}),
  neo4j: z
    .strictObject({
      ...database,
      /** TCP port on the host's 127.0.0.1 for HTTP: Neo4j Browser. @default - not published */
      httpHostPort: hostPort().optional(),
      /** Java's heap, in MiB. @default - half of `memoryMiB` */
      heapMiB: mebibytes(128).optional(),
      /** Cache for what is on disk, in MiB. @default - an eighth of `memoryMiB` */
      pageCacheMiB: mebibytes(8).optional(),
    })
    .prefault({}),
  qdrant: z
    .strictObject({
      ...database,
      /** TCP port on the host's 127.0.0.1 for gRPC. @default - not published */
      grpcHostPort: hostPort().optional(),
    })
    .prefault({}),
  minio: z
    .strictObject({
      ...database,
      /** TCP port on the host's 127.0.0.1 for the web console. @default - not published */
      consoleHostPort: hostPort().optional(),
    })
    .prefault({}),
  ollama: z
    .strictObject({
      ...database,
      /** Whether it may reach beyond its networks, as it has to for pulling models. @default false */
      egress: z.boolean("true or false").optional(),
      /** The host's GPUs that it may use: how many, or `all`. @default - none */
      gpus: gpus().optional(),
      /** Models to pull (`{ "llama3.2:1b": {} }`) or to make, as `OllamaModels` takes them. @default - none */
      models: z.record(z.string(), z.looseObject({})).default({}),
    })
    .prefault({}),
  api: z
    .strictObject({
      ...limits,
      /** Whether a changed source file is live at once, in dev on an engine of this machine. @default true */
      hotReload: z.boolean("true or false").optional(),
    })
    .prefault({}),
});

const DATABASES = ["postgres", "redis", "neo4j", "qdrant", "minio", "ollama"] as const;
type Database = (typeof DATABASES)[number];
type Filled = z.output<typeof Settings>;
export type Settings = Omit<Filled, Database> & {
  /** Options for its component; nothing where it is not enabled. */
  [Name in Database]: Omit<Filled[Name], "enabled"> | undefined;
} & {
  /** API keys that are set, by name. */
  keys: Record<string, string>;
  /** Only what lasts is declared: what `make down` runs. */
  down: boolean;
  /** Services and jobs that are to run; all others are as after `make down`. Nothing for all. */
  only?: string[];
};

/**
 * The configuration of this Pulumi stack, checked as a whole.
 *
 * @throws ArgsError with one line `key: should be RULE, got VALUE` per fault, before anything is registered.
 */
export function readSettings(): Settings {
  const prefix = `${pulumi.getProject()}:`;
  const given = Object.entries(allConfig()).filter(([key]) => key.startsWith(prefix));
  const { filled, keys, faults } = checkSettings(
    Object.fromEntries(given.map(([key, text]) => [key.slice(prefix.length), text])),
    pulumi.getStack(),
  );
  if (!filled) throw new ArgsError(`stack ${pulumi.getStack()} has bad settings`, faults);
  return settingsOf(filled, keys);
}

/**
 * Checks what is set, and fills in the defaults.
 *
 * @param given by key without the project's name. A text may be JSON, as the CLI hands on all that is not a text.
 * @param stack whose they are, for the command that sets what is missing.
 * @returns `filled` is absent where there are faults.
 */
export function checkSettings(given: Record<string, unknown>, stack: string) {
  const declared = Object.entries((valueOf(given.apiKeys) ?? {}) as Record<string, unknown>);
  const own: Record<string, unknown> = {};
  const keys: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    if (declared.some(([name]) => name === key)) keys[key] = value;
    else own[key] = valueOf(value);
  }
  const { data, error } = Settings.safeParse(own);
  const missing = declared.filter(([name, need]) => need === "required" && !(name in given));
  const faults = [
    ...(error ? faultsOf(error, own) : []),
    ...missing.map(
      ([name]) =>
        `${name}: should be set, got nothing: make pulumi ARGS="config set -s ${stack} --secret ${name}" asks for it`,
    ),
  ];
  return { ...(faults.length === 0 && data ? { filled: data } : {}), keys: keys as Record<string, string>, faults };
}

/** What a stack program is told, of settings that are as they should be. */
export function settingsOf(filled: Filled, keys: Record<string, string> = {}): Settings {
  const used = DATABASES.map((name) => {
    const { enabled, ...options } = filled[name];
    return [name, enabled ? options : undefined];
  });
  const { STACKYARD_DOWN: down, STACKYARD_ONLY: only } = process.env;
  return {
    ...filled,
    ...(Object.fromEntries(used) as Pick<Settings, Database>),
    keys,
    down: down === "1",
    ...(only ? { only: only.split(",") } : {}),
  };
}

/** Ports on the host, by where each is set: `neo4j.httpHostPort`. */
export function hostPorts(settings: object): Record<string, number> {
  const ports = Object.entries(settings).flatMap(([service, options]) =>
    typeof options === "object" && options !== null
      ? Object.entries(options).flatMap(([key, value]) =>
          /hostPort$/i.test(key) && typeof value === "number" ? [[`${service}.${key}`, value] as const] : [],
        )
      : [],
  );
  return Object.fromEntries(ports);
}

/** The same settings with other ports on the host; not published where there is none. */
export function withPorts(settings: Settings, ports: Readonly<Record<string, number | undefined>>): Settings {
  const changed: Record<string, unknown> = { ...settings };
  for (const [path, port] of Object.entries(ports)) {
    const [service = "", key = ""] = path.split(".");
    changed[service] = { ...(changed[service] as object), [key]: port };
  }
  return changed as Settings;
}

function valueOf(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
