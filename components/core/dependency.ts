import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Connection } from "./connection.ts";
import { unshown } from "./support/args.ts";

/**
 * What a service or a job may refer to. The reference gives start order, address, credentials and network path, all at once.
 * A database has a connection and a network; a setup job has neither: who refers to it waits until it is done.
 */
export interface Dependency {
  /** Exists only once a check has passed: a service answered, or a job is done. */
  readonly gate: pulumi.Resource;
  readonly connection?: Connection;
  /** The network on which it is reached. */
  readonly network?: { id: pulumi.Output<string>; resource: pulumi.Resource };
  /** What is to be there before a job's container is made, which can wait: the start of a database is what takes long. */
  readonly container?: pulumi.Resource | undefined;
  /** What its data goes with, a volume or an `ephemeral` database's container: a job that set it up runs again over another one. */
  readonly data?: pulumi.Output<string>;
}

/** References by the name under which the application knows each. */
export const uses = () =>
  z
    .record(
      z.string().regex(/^[a-z][a-z0-9_]*$/, "a name of a-z, 0-9 and _, a letter first"),
      z.custom<Dependency>(
        (value) => typeof value === "object" && value !== null && "gate" in value,
        "a database or a job",
      ),
    )
    .default({});

/** What is told of one reference, by variable. */
function toldBy(name: string, { host, port, url, apiKey }: Connection) {
  const variable = (part: string) => `${name}_${part}`.toUpperCase();
  return {
    plain: { [variable("host")]: host, [variable("port")]: String(port) } as Record<string, string>,
    secret: {
      [variable("url")]: url,
      ...(apiKey === undefined ? {} : { [variable("api_key")]: apiKey }),
    } as Record<string, pulumi.Output<string>>,
  };
}

const fileOf = (variable: string) => variable.toLowerCase();

/**
 * What an application is told of each of its references: `DATABASE_HOST`, `DATABASE_PORT`, and its URL as a secret; its API key
 * as another, where the URL does not hold all that is needed.
 *
 * @param others secrets beside those, by the variable's name.
 */
export function toldOf(references: Record<string, Dependency>, others: Record<string, pulumi.Input<string>> = {}) {
  const told = Object.entries(references).flatMap(([name, { connection }]) =>
    connection ? [toldBy(name, connection)] : [],
  );
  const secrets = [
    ...told.flatMap(({ secret }) => Object.entries(secret)),
    ...Object.entries(others).map(([variable, value]) => [variable, pulumi.secret(value)] as const),
  ];
  return {
    env: Object.assign({}, ...told.map(({ plain }) => plain)) as Record<string, string>,
    /** As files in /run/secrets, and the variables that say where they are. */
    files: Object.fromEntries(secrets.map(([variable, value]) => [fileOf(variable), value])),
    fileEnv: Object.fromEntries(secrets.map(([variable]) => [`${variable}_FILE`, `/run/secrets/${fileOf(variable)}`])),
    /** In the environment itself, for who asked for that. */
    plainEnv: Object.fromEntries(secrets),
  };
}

/** What an application is told beside its references. */
interface Others {
  env: Record<string, string>;
  secrets?: Record<string, unknown>;
  /** How it gets what is secret. @default "files" */
  credentials?: "files" | "environment";
  /** Variables that arguments of its component set, by the argument. @default {} */
  own?: Record<string, string>;
}

/**
 * Refuses what would silently take another's place among an application's variables or secret files, naming both. A secret has
 * its name with and without `_FILE`: who knows both reads one of them.
 */
export function refuseTwice(
  references: Record<string, Dependency>,
  { env, secrets = {}, credentials = "files", own = {} }: Others,
  { addIssue }: Pick<z.RefinementCtx, "addIssue">,
): void {
  const secret = (name: string) =>
    credentials === "environment" ? [name] : [name, `${name}_FILE`, `/run/secrets/${fileOf(name)}`];
  const all = [
    ...Object.entries(own).map(([argument, name]) => ({ path: [argument], names: [name] })),
    ...Object.entries(references).flatMap(([key, { connection }]) => {
      if (!connection) return [];
      const told = toldBy(key, connection);
      return { path: ["uses", key], names: [...Object.keys(told.plain), ...Object.keys(told.secret).flatMap(secret)] };
    }),
    ...Object.keys(secrets).map((name) => ({ path: ["secrets", name], names: secret(name) })),
    ...Object.keys(env).map((name) => ({ path: ["env", name], names: [name] })),
  ];
  const by = new Map<string, string>();
  for (const { path, names } of all) {
    const twice = names.find((name) => by.has(name));
    if (twice !== undefined) {
      const rule = `left out or named otherwise, because \`${by.get(twice)}\` is ${twice} too`;
      addIssue({ code: "custom", path, message: path[0] === "secrets" ? unshown(rule) : rule });
    }
    for (const name of names) by.set(name, by.get(name) ?? path.join("."));
  }
}
