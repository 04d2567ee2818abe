import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { ConnectionWith } from "../core/connection.ts";
import { Database, databaseArgs, databaseSettings } from "../core/database.ts";
import { refuseTwoImages } from "../core/image.ts";
import { decidedBy, ruledOut, settingValue, VALUE, variablesOf } from "../core/server-settings.ts";
import { byShape, hostPort, matching, parseArgs, secretValue, sentence } from "../core/support/args.ts";
import { httpProbe } from "../core/support/http-probe.ts";

/** No package registry has the server: what is built from them is a stand-in, and says so. */
const IMAGE = { registry: "qdrant/qdrant:v1.19.0-unprivileged", packages: "qdrant-stand-in" };
const MAJOR = "1";
const PORT = 6333;
const GRPC_PORT = 6334;
const DATA_PATH = "/qdrant/storage";
/** The user of the image's variant `unprivileged`, the only one whose data folder does not belong to root. */
const USER = "1000:1000";
/** The server starts threads by the number of the host's CPUs, several for each. */
const PIDS = 4096;

const PORTS = `Its ports are always ${PORT} and ${GRPC_PORT}, on its networks: set \`hostPort\` or \`grpcHostPort\` to publish them on others.`;
const SECRETS = "Settings are not secret, and a key is generated: leave it out, or set `apiKey`.";
/** Settings that options decide, with the option or the reason. */
const OWN_SETTINGS = {
  "service.api_key": "apiKey",
  ...decidedBy(SECRETS, "service.alt_api_key", "service.read_only_api_key"),
  ...decidedBy(PORTS, "service.host", "service.http_port", "service.grpc_port", "service.enable_tls"),
  "storage.storage_path": "Its data is where its image has it, in its volume: leave it out.",
  "storage.snapshots_path": "Its snapshots are with its data, in its volume: leave it out.",
};
const OWN_VARIABLES = {
  ...variablesOf(OWN_SETTINGS, (setting) => variableOf(setting.split("."))),
  RUN_MODE: "It would choose another configuration file of the image: set `settings`.",
};

type Nested = { [name: string]: string | number | boolean | Nested };
const isSection = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
/** Settings by section, as in the server's configuration file. */
const Section: z.ZodType<NestedTexts, Nested> = z.lazy(() =>
  z.record(
    matching(/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/, "a setting's name (a-z, 0-9 and _)"),
    byShape<Nested[string], NestedTexts[string]>(
      (value): z.ZodType<NestedTexts[string]> =>
        isSection(value) ? Section : settingValue(undefined, `${VALUE}, or a section of such`),
      `${VALUE}, or a section of such`,
    ),
  ),
);
type NestedTexts = { [name: string]: string | NestedTexts };

const Settings = z
  .strictObject({
    ...databaseSettings({ memoryMiB: 256, readyTimeoutSeconds: 60, stopGraceSeconds: 30 }),
    /** TCP port on the host's 127.0.0.1 for gRPC, which the stand-in from package registries does not have. @default - not published */
    grpcHostPort: hostPort().optional(),
    /**
     * The server's own settings, by section as in its configuration file: `storage: { performance: { max_search_threads: 2 } }`.
     * What another option decides is refused. A change replaces the container. @default {}
     */
    settings: Section.superRefine((settings, { addIssue }) => {
      for (const { path } of leaves(settings)) {
        const instead = ruledOut(OWN_SETTINGS, path.join("."));
        if (instead !== undefined) addIssue({ code: "custom", path: [...path], message: sentence(instead) });
      }
    }).default({}),
  })
  .refine(({ hostPort, grpcHostPort }) => grpcHostPort === undefined || grpcHostPort !== hostPort, {
    path: ["grpcHostPort"],
    error: "another port than hostPort",
  });
const Args = Settings.safeExtend({
  ...databaseArgs,
  /** API key for every request. @default - a random one, made once */
  apiKey: secretValue()
    .refine(
      (value) => typeof value !== "string" || !/[\u{80}-\u{10ffff} ]/u.test(value),
      "secret ASCII without spaces, because it is sent in a header",
    )
    .optional(),
})
  .superRefine(refuseTwoImages)
  .refine(({ platform, grpcHostPort }) => grpcHostPort === undefined || platform.imageSource === "registry", {
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
 * new Api("api", { platform, uses: { vectors }, … }); // gets VECTORS_URL_FILE and VECTORS_API_KEY_FILE
 */
export class Qdrant extends Database {
  /** The options that are plain data, for the settings of a program. */
  static readonly settings = Settings;
  /** `url`: `http://host:port`, for REST. The key is not in it, because clients take it separately: it is `apiKey`, a secret. */
  declare readonly connection: ConnectionWith<"ports" | "apiKey">;

  constructor(name: string, args: QdrantArgs, opts?: pulumi.ComponentResourceOptions) {
    const { apiKey, grpcHostPort, settings, ...rest } = parseArgs(Args, "Qdrant", name, args);
    super("Qdrant", name, rest, opts, {
      image: IMAGE,
      ownVariables: OWN_VARIABLES,
      port: PORT,
      otherPorts: { grpc: { hostPort: grpcHostPort, port: GRPC_PORT } },
      // Not the image's entry point, a shell that ends at once at the signal to stop, and the server with it.
      command: ["./qdrant", "--config-path", "/run/secrets/config.yaml"],
      env: {
        QDRANT__STORAGE__SNAPSHOTS_PATH: `${DATA_PATH}/snapshots`,
        QDRANT__TELEMETRY_DISABLED: "true",
        // The server writes this file at the end of every start, by default beside the program.
        QDRANT_INIT_FILE_PATH: "/tmp/qdrant-initialized",
        ...Object.fromEntries(leaves(settings).map(({ path, value }) => [variableOf(path), value])),
      },
      user: USER,
      pids: PIDS,
      data: { path: DATA_PATH, major: MAJOR },
      probe: {
        // `/readyz` answers without the key; this does not.
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
        // The key is in a file and not in the environment, which `docker inspect` shows.
        files: (secret) => ({ "config.yaml": configuration(secret), "api-key": secret }),
      },
      connection: { scheme: "http" },
    });
  }
}

/** The variable of a setting, by the server's own rule. */
function variableOf(path: readonly string[]): string {
  return `QDRANT__${path.join("__").toUpperCase()}`;
}

/** @returns each setting with its section and name. */
function leaves(section: NestedTexts, above: readonly string[] = []): { path: readonly string[]; value: string }[] {
  return Object.entries(section).flatMap(([name, value]) => {
    const path = [...above, name];
    return typeof value === "string" ? [{ path, value }] : leaves(value, path);
  });
}

/** A text in JSON is the same text in YAML. */
const configuration = (key: pulumi.Output<string>) =>
  pulumi.interpolate`service:\n  api_key: ${key.apply((text) => JSON.stringify(text))}\n`;
