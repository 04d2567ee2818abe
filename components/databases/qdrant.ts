import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Connection } from "../core/connection.ts";
import { Database, databaseArgs, databaseSettings } from "../core/database.ts";
import { hostPort, parseArgs, secretValue, sentence } from "../core/support/args.ts";
import { httpProbe } from "../core/support/http-probe.ts";

/** No package registry has the server: what is built from them is a stand-in, and says so. */
const IMAGE = { registry: "qdrant/qdrant:v1.19.0-unprivileged", packages: "qdrant-stand-in" };
const MAJOR = "1";
const PORT = 6333;
const GRPC_PORT = 6334;
const DATA_PATH = "/qdrant/storage";
/** The user of the image's variant `unprivileged`: only there is the data's folder its own. */
const USER = "1000:1000";
/** The server starts threads by the number of the host's CPUs, several for each. */
const PIDS = 4096;

const Settings = z
  .strictObject({
    ...databaseSettings({ memoryMiB: 256, readyTimeoutSeconds: 60, stopGraceSeconds: 30 }),
    /** TCP port on the host's 127.0.0.1 for gRPC, which the stand-in from package registries does not have. @default - not published */
    grpcHostPort: hostPort().optional(),
  })
  .refine(({ hostPort, grpcHostPort }) => grpcHostPort === undefined || grpcHostPort !== hostPort, {
    path: ["grpcHostPort"],
    error: "another port than hostPort",
  });
const Args = Settings.safeExtend({
  ...databaseArgs,
  /** API key that every request has to bring. @default - a random one, made once */
  apiKey: secretValue()
    .refine(
      (value) => typeof value !== "string" || !/[\u{80}-\u{10ffff} ]/u.test(value),
      "secret ASCII without spaces, because it is sent in a header",
    )
    .optional(),
}).refine(({ platform, grpcHostPort }) => grpcHostPort === undefined || platform.imageSource === "registry", {
  path: ["grpcHostPort"],
  error: sentence(
    "The stand-in from package registries has no gRPC: leave grpcHostPort out, or use imageSource: registry.",
  ),
});
export type QdrantArgs = z.input<typeof Args>;

/**
 * One Qdrant server: a service and a volume that outlives it.
 *
 * With `imageSource: packages` it is a stand-in, because no package registry has the server: part of the REST interface over
 * Qdrant's engine as a library, for trying things out. Its image is called `qdrant-stand-in`, and its answers say so.
 *
 * @throws ArgsError naming every bad argument, before anything is registered. `up` fails, with the server's last log lines,
 * if no probe passes within `readyTimeoutSeconds`.
 * @example
 * const vectors = new Qdrant("qdrant", { platform, hostPort: 6333 });
 * new Api("api", { platform, uses: { vectors }, … }); // told VECTORS_URL_FILE and VECTORS_API_KEY_FILE
 */
export class Qdrant extends Database {
  /** What can be set for one by configuration: its options that are plain data. */
  static readonly settings = Settings;
  /** `url`: `http://host:port`, for REST. The key is not in it, since clients take it apart: it is `apiKey`, a secret. */
  declare readonly connection: Connection;

  constructor(name: string, args: QdrantArgs, opts?: pulumi.ComponentResourceOptions) {
    const { apiKey, grpcHostPort, ...rest } = parseArgs(Args, "Qdrant", name, args);
    super("Qdrant", name, rest, opts, {
      image: IMAGE,
      port: PORT,
      otherPorts: { grpc: { hostPort: grpcHostPort, port: GRPC_PORT } },
      // Not the image's entry point: that is a shell which, told to stop, ends at once and takes the server with it.
      command: ["./qdrant", "--config-path", "/run/secrets/config.yaml"],
      env: {
        QDRANT__STORAGE__SNAPSHOTS_PATH: `${DATA_PATH}/snapshots`,
        QDRANT__TELEMETRY_DISABLED: "true",
        // Written at the end of every start, otherwise beside the program.
        QDRANT_INIT_FILE_PATH: "/tmp/qdrant-initialized",
      },
      user: USER,
      pids: PIDS,
      data: { path: DATA_PATH, major: MAJOR },
      probe: {
        // `/readyz` would answer to everybody; whether a collection exists, only to who has the key.
        test: httpProbe(name, PORT, "/collections/stackyard/exists", {
          name: "api-key",
          file: "/run/secrets/api-key",
        }),
        timeoutSeconds: 3,
      },
      credential: {
        name: "apiKey",
        given: apiKey,
        read: "at every start",
        // The key is in the file: the environment, which the server would take it from as well, is in `docker inspect`.
        files: (secret) => ({ "config.yaml": configuration(secret), "api-key": secret }),
      },
      connection: { scheme: "http" },
    });
  }
}

/** Whatever text it is in JSON, it is in YAML. */
const configuration = (key: pulumi.Output<string>) =>
  pulumi.interpolate`service:\n  api_key: ${key.apply((text) => JSON.stringify(text))}\n`;
