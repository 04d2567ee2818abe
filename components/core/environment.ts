import { basename, dirname } from "node:path/posix";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { fromItself, inUrl, LOOPBACK } from "../engines/ports.ts";
import { type Connection, factsOf } from "./connection.ts";
import type { Dependency } from "./dependency.ts";
import type { Platform } from "./platform.ts";
import { SECRETS_FOLDER } from "./secret.ts";
import { ArgsError, byShape, containerPath, secretText, sentence, unshown, variable } from "./support/args.ts";
import { secretSoFar } from "./support/origin.ts";

const Secret = z.strictObject({
  /** The secret itself; an output of another component is then a reference. */
  value: secretText(),
  /** `file`, or `environment`, where `docker inspect` shows it. @default - as `credentials` says */
  as: z.enum(["file", "environment"]).optional(),
  /** Path of the file. Its folder can hold nothing but secrets. @default - its name in small letters, in /run/secrets */
  path: containerPath().optional(),
  /** The variable that has the path of the file. @default - its name and `_FILE` */
  variable: variable().optional(),
});
/** A secret: its value, or the value with how the application gets it. */
export type Secret = z.input<typeof Secret> | z.input<typeof Secret>["value"];

/** Secrets that come from no reference, by the variable's name. */
export const secrets = () =>
  z
    .record(
      variable(),
      byShape<Secret, z.output<typeof Secret>>(
        (given) =>
          typeof given === "object" && given !== null && !pulumi.Output.isInstance(given)
            ? Secret
            : secretText().transform((value) => ({ value })),
        unshown("a value"),
      ),
      unshown("names with values"),
    )
    .default({});

const isOutput = (value: unknown): value is pulumi.Output<string> => pulumi.Output.isInstance(value);

/** Variables without secrets. A value may be an output of another component; a number or a boolean becomes its text. */
export const env = () =>
  z
    .record(
      variable(),
      z
        .custom<pulumi.Input<string> | pulumi.Output<number> | pulumi.Output<boolean> | number | boolean>(
          (value) => ["string", "boolean"].includes(typeof value) || Number.isFinite(value) || isOutput(value),
          "a text, a number, true or false",
        )
        .transform((value): pulumi.Input<string> => (isOutput(value) ? value : String(value))),
    )
    .default({});

/** What to do with a secret instead, where there are `secrets`. */
const asSecret = (name: string) =>
  `Set secrets: { ${name}: … }, which makes a file and puts its path into ${name}_FILE; or, where it has to be in the environment, ` +
  `secrets: { ${name}: { value: …, as: "environment" } }.`;

/**
 * Refuses secret outputs among variables that are shown: before anything is registered; or, where only that tells whether a value is
 * secret, once the resources that it is made from are there, before the container.
 *
 * @param instead what to do, in a sentence.
 * @returns the same variables.
 */
export function withoutSecrets(
  subject: string,
  env: Record<string, pulumi.Input<string>>,
  platform: Platform,
  instead = asSecret,
): Record<string, pulumi.Input<string>> {
  const checked = ([name, value]: [string, pulumi.Input<string>]): [string, pulumi.Input<string>] => {
    if (!isOutput(value)) return [name, value];
    const refuse = (secret: boolean) => {
      if (!secret) return;
      throw new ArgsError(`${subject} has bad arguments`, [
        `env.${name}: should be no secret, because \`docker inspect\` shows it, got one. ${instead(name)}`,
      ]);
    };
    const early = secretSoFar(value);
    platform.check(early.then(refuse));
    const late = early.then(async (refused) => refused || refuse(await pulumi.isSecret(value)));
    return [name, pulumi.all([value, late]).apply(([text]) => text)];
  };
  return Object.fromEntries(Object.entries(env).map(checked));
}

/** What an application gets for one reference, by variable. */
function variablesOf(name: string, connection: Connection) {
  const { host, port, ports = {}, user, database, url, password, apiKey, keys = {}, ...known } = factsOf(connection);
  const variable = (part: string) => `${name}_${part}`.toUpperCase();
  const named = <T>(parts: Record<string, T | undefined>) =>
    Object.fromEntries(
      Object.entries(parts).flatMap(([part, value]) => (value === undefined ? [] : [[variable(part), value]])),
    ) as Record<string, T>;
  /** A key that is not secret, like a name, is a plain text. */
  const keysThat = <T>(is: (key: unknown) => boolean) =>
    Object.fromEntries(Object.entries(keys).filter(([, key]) => is(key))) as Record<string, T>;
  return {
    plain: named<string>({
      host,
      port: String(port),
      ...Object.fromEntries(Object.entries(ports).map(([each, port]) => [`${each}_port`, String(port)])),
      user,
      name: database,
      ...keysThat((key) => typeof key === "string"),
    }),
    secret: named<pulumi.Output<string>>({
      url,
      password,
      api_key: apiKey,
      ...keysThat((key) => typeof key !== "string"),
    }),
    /**
     * For browsers, and for URLs that are signed for them: so only of servers that speak HTTP. Another server's published port does
     * not concern those who refer to it, and a change of it must not replace them.
     */
    published: named<string>({
      public_url:
        known.hostPort === undefined || !/^https?$/.test(known.scheme)
          ? undefined
          : `${known.scheme}://${inUrl(fromItself(known.hostAddress ?? LOOPBACK))}:${known.hostPort}`,
    }),
  };
}

interface Settings {
  /** Secrets of other origin, by the variable's name. @default {} */
  secrets?: Record<string, z.output<typeof Secret>>;
  /** How it gets secrets that do not say it themselves. @default "files" */
  credentials?: "files" | "environment";
  /** Whether it gets public addresses. @default true */
  published?: boolean;
}

interface Environment {
  env: Record<string, pulumi.Input<string>>;
  /** By file name, by folder. */
  secretFolders: Record<string, Record<string, pulumi.Input<string>>>;
  /** Secrets that are not hidden in logs yet: a component of this stack hides its own. */
  hidden: pulumi.Input<string>[];
}

/**
 * What an application gets of its references and secrets: `DATABASE_HOST`, `DATABASE_PORT`, `DATABASE_USER`, `DATABASE_NAME`,
 * further ports by name (`GRAPH_HTTP_PORT`), `STORAGE_PUBLIC_URL` of what is published and speaks HTTP; and as secrets `DATABASE_URL`,
 * `DATABASE_PASSWORD`, and keys by name (`STORAGE_ACCESS_KEY`, `VECTORS_API_KEY`).
 */
export function environmentOf(
  references: Record<string, Dependency>,
  { secrets = {}, credentials = "files", published = true }: Settings = {},
): Environment {
  const made: Environment = { env: {}, secretFolders: {}, hidden: [] };
  const add = (name: string, { value, as, path = fileOf(name), variable }: z.output<typeof Secret>) => {
    if ((as ?? credentials) === "environment") {
      made.env[name] = pulumi.secret(value);
      return;
    }
    made.env[variable ?? `${name}_FILE`] = path;
    made.secretFolders[dirname(path)] = {
      ...made.secretFolders[dirname(path)],
      [basename(path)]: pulumi.secret(value),
    };
  };
  for (const [name, { connection, outside }] of Object.entries(references)) {
    if (!connection) continue;
    const known = variablesOf(name, connection);
    Object.assign(made.env, known.plain, published ? known.published : {});
    for (const [variable, value] of Object.entries(known.secret)) add(variable, { value });
    if (outside) made.hidden.push(...Object.values(known.secret));
  }
  for (const [name, secret] of Object.entries(secrets)) add(name, secret);
  made.hidden.push(...Object.values(secrets).map(({ value }) => value));
  return made;
}

const fileOf = (variable: string) => `${SECRETS_FOLDER}/${variable.toLowerCase()}`;

/** What an application gets beside its references. */
interface Others extends Settings {
  env: Record<string, unknown>;
  /** Variables that arguments of its component set, by the argument. @default {} */
  own?: Record<string, string>;
}

/**
 * Refuses what would silently replace another variable or secret file of the application, and names both. A secret takes its name
 * with and without `_FILE`, because an application that knows both reads only one of them.
 */
export function refuseDuplicates(
  references: Record<string, Dependency>,
  { env, secrets = {}, credentials = "files", published = true, own = {} }: Others,
  { addIssue }: Pick<z.RefinementCtx, "addIssue">,
): void {
  const names = (name: string, { as, path, variable }: Partial<z.output<typeof Secret>> = {}) =>
    (as ?? credentials) === "environment"
      ? [name]
      : [...(variable === undefined ? [name, `${name}_FILE`] : [variable]), path ?? fileOf(name)];
  const all = [
    ...Object.entries(own).map(([argument, name]) => ({ path: [argument], names: [name] })),
    ...Object.entries(references).flatMap(([key, { connection }]) => {
      if (!connection) return [];
      const known = variablesOf(key, connection);
      const plain = { ...known.plain, ...(published ? known.published : {}) };
      return {
        path: ["uses", key],
        names: [...Object.keys(plain), ...Object.keys(known.secret).flatMap((each) => names(each))],
      };
    }),
    ...Object.entries(secrets).map(([name, secret]) => ({ path: ["secrets", name], names: names(name, secret) })),
    ...Object.keys(env).map((name) => ({ path: ["env", name], names: [name] })),
  ];
  const by = new Map<string, string>();
  for (const { path, names } of all) {
    const twice = names.find((name) => by.has(name));
    if (twice !== undefined) {
      const message = sentence(`\`${by.get(twice)}\` is ${twice} already. Give one of them another name.`);
      addIssue({ code: "custom", path, message });
    }
    for (const name of names) by.set(name, by.get(name) ?? path.join("."));
  }
}
