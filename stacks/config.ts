import * as pulumi from "@pulumi/pulumi";
import { allConfig } from "@pulumi/pulumi/runtime/index.js";
import { z } from "zod";
import { ArgsError, cpus, faultsOf, hostPort, matching, mebibytes, seconds } from "../components/core/args.ts";

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
  postgres: z.strictObject({ ...database }).prefault({}),
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
      /** Models to pull (`{ "llama3.2:1b": {} }`) or to make, as `OllamaModels` takes them. @default - none */
      models: z.record(z.string(), z.looseObject({})).default({}),
    })
    .prefault({}),
  api: z.strictObject({ ...limits }).prefault({}),
});

const DATABASES = ["postgres", "redis", "neo4j", "qdrant", "minio", "ollama"] as const;
type Database = (typeof DATABASES)[number];
type Given = z.output<typeof Settings>;
export type Settings = Omit<Given, Database> & {
  /** Options for its component; nothing where it is not enabled. */
  [Name in Database]: Omit<Given[Name], "enabled"> | undefined;
} & {
  /** Only what lasts is declared: what `make down` runs. */
  down: boolean;
};

/**
 * The configuration of this Pulumi stack, checked as a whole.
 *
 * @throws ArgsError with one line `key: should be RULE, got VALUE` per fault, before anything is registered.
 */
export function readSettings(): Settings {
  const prefix = `${pulumi.getProject()}:`;
  const given = Object.fromEntries(
    Object.entries(allConfig())
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, text]) => [key.slice(prefix.length), parsed(text)]),
  );
  const { data, error } = Settings.safeParse(given);
  if (error) throw new ArgsError(`Pulumi.${pulumi.getStack()}.yaml has bad settings`, faultsOf(error, given));
  const used = DATABASES.map((name) => {
    const { enabled, ...options } = data[name];
    return [name, enabled ? options : undefined];
  });
  return { ...data, ...Object.fromEntries(used), down: process.env.STACKYARD_DOWN === "1" };
}

/** The CLI hands every value on as a text, structured ones as JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
