import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { ConnectionFacts, ConnectionWith } from "../core/connection.ts";
import { Database, databaseArgs, databaseSettings } from "../core/database.ts";
import { refuseTwoImages } from "../core/image.ts";
import { decidedBy, serverSettings } from "../core/server-settings.ts";
import { hostPort, matching, parseArgs, secretValue } from "../core/support/args.ts";
import { user as userRule } from "../core/support/common.ts";

/**
 * The last release with an image (later ones are source only, the project is archived), at MinIO's own registry: Docker Hub
 * serves none since September 2026.
 */
const IMAGE = { registry: "quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z", packages: "minio" };
const PORT = 9000;
const CONSOLE_PORT = 9001;
const DATA_PATH = "/data";
/** Each read or write that waits for the disk is a thread. */
const PIDS = 1024;
/** The owner of /data in the image built from packages. */
const USER = "1000:1000";
/**
 * In the official image /data belongs to root, and a new volume takes its owner from there: another user could write nothing.
 * This root has no capability, so it can do no more than another user can with files of its own.
 */
const OFFICIAL_USER = "0:0";
/** The server trims a password; mc would take a colon for the beginning of a session token. */
const PASSWORD = /^(?!\s)[^:\p{Cc}]+(?<!\s)$/u;

/** Environment and files in /run/secrets by which the client `mc` finds a server, under the alias `server`. */
export const MC = {
  env: {
    // Keeps the password out of arguments and environment, without a shell.
    MC_CONFIG_ENV_FILE: "/run/secrets/mc.env",
    MC_CONFIG_DIR: "/tmp/.mc",
  },
  secrets: ({ host, port, user, password }: Pick<ConnectionFacts, "host" | "port" | "user" | "password">) => ({
    // Not encoded, because mc does not decode the parts of a URL.
    "mc.env": pulumi.interpolate`MC_HOST_server=http://${user}:${password}@${host}:${port}\n`,
  }),
};

/** Variables that options decide, with the option or the reason. */
const OWN_SETTINGS = {
  ...decidedBy("rootUser", "MINIO_ROOT_USER", "MINIO_ACCESS_KEY"),
  ...decidedBy("password", "MINIO_ROOT_PASSWORD", "MINIO_SECRET_KEY"),
  MINIO_MEMLIMIT: "memoryMiB",
  MINIO_BROWSER: "consoleHostPort",
  ...decidedBy(
    "Its ports and its folder are fixed: leave it out.",
    ...["MINIO_ADDRESS", "MINIO_CONSOLE_ADDRESS", "MINIO_VOLUMES", "MINIO_ENDPOINTS"],
    ...["MINIO_CONFIG", "MINIO_CONFIG_ENV_FILE", "MINIO_ARGS", "MINIO_OPTS"],
  ),
  // The official image's entry point changes the user by them.
  ...decidedBy("user", "MINIO_USERNAME", "MINIO_GROUPNAME"),
};
/** The same, and the client's, which the probe runs. */
const OWN_VARIABLES = {
  ...OWN_SETTINGS,
  MC_HOST_server: "The probe would ask another server by it: leave it out.",
};

const Settings = z
  .strictObject({
    ...databaseSettings({ memoryMiB: 512, readyTimeoutSeconds: 60, stopGraceSeconds: 30 }),
    /**
     * `uid:gid` of the server, fixed once there is data. It has to own /data of the image.
     * @default - 1000:1000 where images are built from packages; root without capabilities for the official image
     */
    user: userRule().optional(),
    /**
     * Name of the administrator, the access key of an S3 client. May be changed: objects, users and policies stay, but access keys
     * that were made for the former one lose their rights. @default "stackyard"
     */
    rootUser: matching(
      /^[A-Za-z0-9][A-Za-z0-9._-]{2,19}$/,
      "3 to 20 of letters, digits, dots, _ and -, a letter or digit first",
    ).default("stackyard"),
    /** TCP port of the web console on the host's 127.0.0.1. @default - not published, and there is no console */
    consoleHostPort: hostPort().optional(),
    /**
     * The server's own settings, by the names of their variables: `MINIO_REGION: "eu-central-1"`. What another option decides is
     * refused. MinIO ignores names that it does not know, and some values that it cannot read. A change replaces the container.
     * @default {}
     */
    settings: serverSettings({
      name: [/^MINIO_[A-Z0-9_]+$/, "a variable of MinIO's (MINIO_, then A-Z, 0-9 and _)"],
      own: OWN_SETTINGS,
    }),
  })
  .refine(({ hostPort, consoleHostPort }) => consoleHostPort === undefined || consoleHostPort !== hostPort, {
    path: ["consoleHostPort"],
    error: "another port than hostPort",
  });
const Args = Settings.safeExtend({
  ...databaseArgs,
  /** The administrator's password, the secret key of an S3 client. @default - a random one, made once */
  password: secretValue(8, PASSWORD, "no colon, no control character, no blank at either end").optional(),
}).superRefine(refuseTwoImages);
export type MinioArgs = z.input<typeof Args>;

/**
 * One MinIO server, object storage that speaks S3: a service and a volume that outlives it.
 *
 * The official image runs as root, though without any capability: see `user`.
 *
 * @throws ArgsError naming every bad argument, before anything is registered. `up` fails, with the server's last log lines,
 * if no probe passes within `readyTimeoutSeconds`.
 * @example
 * const storage = new Minio("minio", { platform });
 * const buckets = new MinioSetup("buckets", { platform, storage, buckets: { uploads: {} } });
 * new Api("api", { platform, uses: { storage, buckets }, … });
 */
export class Minio extends Database {
  /** The options that are plain data, for the settings of a program. */
  static readonly settings = Settings;
  /** `user` and `password` are an S3 client's access key and secret key; `url` is secret: `http://user:password@host:port`. */
  declare readonly connection: ConnectionWith<"ports" | "user" | "password" | "keys">;

  constructor(name: string, args: MinioArgs, opts?: pulumi.ComponentResourceOptions) {
    const { rootUser, password, consoleHostPort, settings, ...rest } = parseArgs(Args, "Minio", name, args);
    const { user = rest.platform.imageSource === "packages" ? USER : OFFICIAL_USER, ...common } = rest;
    super("Minio", name, common, opts, {
      image: IMAGE,
      ownVariables: OWN_VARIABLES,
      port: PORT,
      otherPorts: { console: { hostPort: consoleHostPort, port: CONSOLE_PORT } },
      command: ["minio", "server", DATA_PATH, "--address", `:${PORT}`, "--console-address", `:${CONSOLE_PORT}`],
      env: {
        MINIO_ROOT_USER_FILE: "/run/secrets/root-user",
        MINIO_ROOT_PASSWORD_FILE: "/run/secrets/root-password",
        MINIO_BROWSER: consoleHostPort === undefined ? "off" : "on",
        // It would look for a newer release, which its network does not allow.
        MINIO_UPDATE: "off",
        // Otherwise garbage of requests by an administrator's client, 64 MiB each, grows beyond `memoryMiB`: the server ignores
        // GOMEMLIMIT.
        MINIO_MEMLIMIT: `${Math.floor(rest.memoryMiB / 2)}MiB`,
        ...MC.env,
        ...settings,
      },
      user,
      pids: PIDS,
      // No major version is recorded: MinIO has none, its releases are dates.
      data: { path: DATA_PATH, firstStart: { user } },
      // Not `mc ready`: that asks without credentials, and waits for 5 s when nothing listens yet.
      probe: { test: ["CMD", "mc", "ls", "server/"], timeoutSeconds: 3 },
      credential: {
        name: "password",
        given: password,
        read: "at every start",
        files: (secret) => ({
          "root-user": rootUser,
          "root-password": secret,
          ...MC.secrets({ host: name, port: PORT, user: rootUser, password: secret }),
        }),
      },
      connection: { scheme: "http", user: rootUser },
      keys: (secret) => ({ access_key: rootUser, secret_key: secret }),
    });
  }
}
