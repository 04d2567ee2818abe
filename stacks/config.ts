import * as pulumi from "@pulumi/pulumi";
import { allConfig } from "@pulumi/pulumi/runtime/index.js";
import { z } from "zod";
import { ArgsError, cpus, faultsOf, hostPort, matching, mebibytes } from "../components/core/args.ts";

/** What every service takes. */
const limits = {
  /** TCP port on the host's 127.0.0.1. @default - not published */
  hostPort: hostPort().optional(),
  /** Memory limit, in MiB. @default - the component's own */
  memoryMiB: mebibytes().optional(),
  /** Share of the host's CPUs. @default - no limit */
  cpus: cpus().optional(),
};

const database = (port: number) => z.strictObject(limits).default({}).describe(`default port ${port}`);

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
  postgres: database(5432),
  redis: database(6379),
  api: z
    .strictObject({
      ...limits,
      /** Whether a changed source file is live at once, in dev on an engine of this machine. @default true */
      hotReload: z.boolean("true or false").optional(),
    })
    .default({}),
});
export type Settings = z.output<typeof Settings> & {
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
  return { ...data, down: process.env.STACKYARD_DOWN === "1" };
}

/** The CLI hands every value on as a text, structured ones as JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
