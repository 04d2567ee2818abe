import { isIPv6 } from "node:net";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { connection } from "./connection.ts";
import type { Dependency } from "./dependency.ts";
import { ArgsError, check, faultsOf, hostPort, matching, partName, secretValue } from "./support/args.ts";
import { madeOf } from "./support/origin.ts";

/** What can be said of a service elsewhere. */
export const ExternalService = z.strictObject({
  /** Scheme of its URL: `postgresql`. */
  scheme: matching(/^[a-z][a-z0-9+.-]*$/, "a URL's scheme, as postgresql"),
  /** Host name or address; an IPv6 address with brackets or without. */
  host: z
    .string("a host's name or address")
    .transform((host) => host.replace(/^\[(.*:.*)\]$/, "$1"))
    .refine((host) => /^[^\s/@:?#[\]]+$/.test(host) || isIPv6(host), "a host's name or address"),
  /** TCP port. */
  port: hostPort(),
  /** Further ports, by name. @default {} */
  ports: z.record(partName(), hostPort()).optional(),
  /** User that is signed in as. @default - none */
  user: z.string("a text").optional(),
  /** Password of that user. Secret. @default - none */
  password: secretValue(1).optional(),
  /** Secret, for services that expect it in a header of every request. @default - none */
  apiKey: secretValue(1).optional(),
  /** Database: the path of its URL. @default - none */
  database: z.string("a text").optional(),
  /** Parameters of its URL: `{ sslmode: "require" }`. @default {} */
  query: z.record(z.string(), z.string("a text")).optional(),
});
export type ExternalArgs = z.input<typeof ExternalService>;

/**
 * A service that this stack does not run, for example a managed database. It can be in `uses` wherever a database can, and its
 * `connection` in `env` and `secrets`. Whatever refers to it gets a way out of the stack's networks. Nothing waits for it: it is
 * assumed to run.
 *
 * @throws ArgsError naming every bad argument.
 * @example
 * const database = prod ? external({ scheme: "postgresql", host: "db.example.com", port: 5432, user, password }) : new Postgres("postgres", { platform });
 */
export function external(args: ExternalArgs): Dependency & { connection: ReturnType<typeof connection> } {
  const parsed = check(ExternalService, args);
  if (!parsed.success) throw new ArgsError("external() has bad arguments", faultsOf(parsed.error, args));
  const { password, apiKey, ...known } = parsed.data;
  const made = { outside: true };
  return Object.assign(made, {
    connection: connection(
      {
        ...(Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)) as Pick<
          z.output<typeof ExternalService>,
          "scheme" | "host" | "port"
        >),
        ...(password === undefined ? {} : { password: pulumi.secret(password) }),
        ...(apiKey === undefined ? {} : { apiKey: pulumi.secret(apiKey) }),
      },
      [{ urn: madeOf("", made) }],
    ),
  });
}
