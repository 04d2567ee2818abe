import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Connection } from "./connection.ts";

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

/**
 * What an application is told of each of its references: `DATABASE_HOST`, `DATABASE_PORT`, and its URL as a secret; its API key
 * as another, where the URL does not hold all that is needed.
 *
 * @param others secrets beside those, by the variable's name.
 */
export function toldOf(references: Record<string, Dependency>, others: Record<string, pulumi.Input<string>> = {}) {
  const connected = Object.entries(references).flatMap(([name, { connection }]) =>
    connection ? [{ name, connection }] : [],
  );
  const upper = (name: string) => name.toUpperCase();
  const secrets = [
    ...connected.flatMap(({ name, connection: { url, apiKey } }) => [
      { variable: upper(`${name}_url`), value: url },
      ...(apiKey === undefined ? [] : [{ variable: upper(`${name}_api_key`), value: apiKey }]),
    ]),
    ...Object.entries(others).map(([variable, value]) => ({ variable, value: pulumi.secret(value) })),
  ].map((secret) => ({ ...secret, file: secret.variable.toLowerCase() }));
  return {
    env: Object.fromEntries(
      connected.flatMap(({ name, connection }) => [
        [`${upper(name)}_HOST`, connection.host],
        [`${upper(name)}_PORT`, String(connection.port)],
      ]),
    ) as Record<string, string>,
    /** As files in /run/secrets, and the variables that say where they are. */
    files: Object.fromEntries(secrets.map(({ file, value }) => [file, value])),
    fileEnv: Object.fromEntries(secrets.map(({ variable, file }) => [`${variable}_FILE`, `/run/secrets/${file}`])),
    /** In the environment itself, for who asked for that. */
    plainEnv: Object.fromEntries(secrets.map(({ variable, value }) => [variable, value])),
  };
}
