import { fileURLToPath } from "node:url";
import * as pulumi from "@pulumi/pulumi";
import {
  type Connection,
  Database,
  databaseArgs,
  databaseSettings,
  decidedBy,
  parseArgs,
  refuseTwoImages,
  secretValue,
  serverSettings,
} from "stackyard/core";
import { z } from "zod";

const PORT = 6379;
const DATA_PATH = "/data";

/** What can be set in a settings file: plain data, each with its rule and its default. */
const Settings = z.strictObject({
  ...databaseSettings({ memoryMiB: 128, readyTimeoutSeconds: 60, stopGraceSeconds: 30 }),
  /** The server's own directives: `maxmemory-policy: "allkeys-lru"`. @default {} */
  settings: serverSettings({
    name: [/^[a-z][a-z0-9-]*$/, "a directive's name (a-z, 0-9 and -)"],
    own: {
      requirepass: "password",
      ...decidedBy("It is where `connection` and its volume say: leave it out.", "port", "bind", "dir", "appendonly"),
    },
  }),
});
/** That, and what only a program can give: the platform, an image, a secret. */
const Args = Settings.safeExtend({
  ...databaseArgs,
  /** Password of the default user. @default - a random one, made once */
  password: secretValue().optional(),
}).superRefine(refuseTwoImages);
export type ValkeyArgs = z.input<typeof Args>;

/**
 * One Valkey server: a service and a volume that outlives it.
 *
 * @throws ArgsError naming every bad argument, before anything is registered.
 */
export class Valkey extends Database {
  static readonly settings = Settings;
  /** `url` is secret: `redis://default:password@host:port`, as its clients have it. */
  declare readonly connection: Connection;

  constructor(name: string, args: ValkeyArgs, opts?: pulumi.ComponentResourceOptions) {
    const { password, settings, ...rest } = parseArgs(Args, "Valkey", name, args);
    super("Valkey", name, rest, opts, {
      image: { registry: "valkey/valkey:8" },
      // For sites that reach no container registry.
      build: {
        context: fileURLToPath(new URL("valkey", import.meta.url)),
        images: { BASE: { registry: "debian:trixie-slim", packages: "base" } },
      },
      port: PORT,
      command: ["valkey-server", "/run/secrets/valkey.conf", "--dir", DATA_PATH, "--appendonly", "yes"].concat(
        // A directive and its value in one argument are a line of the configuration.
        Object.entries(settings).map(([directive, value]) => `--${directive} ${JSON.stringify(value)}`),
      ),
      user: "999:999",
      data: { path: DATA_PATH, major: "8" },
      probe: {
        // Over the network and with the password; grep because valkey-cli exits 0 after an error answer.
        test: ["CMD-SHELL", `REDISCLI_AUTH="$(cat /run/secrets/password)" valkey-cli -h ${name} ping | grep -x PONG`],
      },
      credential: {
        name: "password",
        given: password,
        read: "at every start",
        // In files, because the process list shows arguments, and `docker inspect` the environment.
        files: (secret) => ({
          "valkey.conf": pulumi.interpolate`requirepass ${secret.apply((text) => JSON.stringify(text))}\n`,
          password: secret,
        }),
      },
      connection: { scheme: "redis", user: "default" },
    });
  }
}
