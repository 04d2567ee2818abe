import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Connection } from "../core/connection.ts";
import { Database, databaseArgs, databaseSettings } from "../core/database.ts";
import { refuseTwoImages } from "../core/image.ts";
import { serverSettings } from "../core/server-settings.ts";
import { gpus, hostPort, parseArgs, sentence } from "../core/support/args.ts";
import { httpProbe } from "../core/support/http-probe.ts";

const IMAGE = { registry: "ollama/ollama:0.17.4", packages: "ollama" };
const PORT = 11_434;
/** Ubuntu's default user in the image; only its home does not belong to root. */
const USER = "1000:1000";
const DATA_PATH = "/home/ubuntu";
/** The server, and a process for each model in use, start threads by the number of the host's CPUs. */
const PIDS = 4096;

/** Variables that options decide, with the reason. */
const OWN_SETTINGS = {
  OLLAMA_HOST: `Its port is always ${PORT}, which \`connection\` names: set \`hostPort\` to publish it on another one.`,
  OLLAMA_MODELS: "Its models are in its volume: leave it out.",
};

const Settings = z.strictObject({
  ...databaseSettings({ memoryMiB: 2048, readyTimeoutSeconds: 60, stopGraceSeconds: 30 }),
  /** TCP port on the host's 127.0.0.1. Who reaches it can use, pull and delete models: there is no password. @default - not published */
  hostPort: hostPort().optional(),
  /** Whether it may reach beyond its networks, which it needs for pulling models. @default false */
  egress: z.boolean("true or false").default(false),
  /**
   * NVIDIA GPUs of the host that it may use: all, or a number of them. The engine needs the NVIDIA Container Toolkit; without, it
   * says `could not select device driver`. @default - none
   */
  gpus: gpus().optional(),
  /**
   * The server's own settings, by the names of their variables: `OLLAMA_KEEP_ALIVE: "24h"`. What another option decides is
   * refused. Ollama ignores names that it does not know, and values that it cannot read. A change replaces the container.
   * @default {}
   */
  settings: serverSettings({
    name: [/^OLLAMA_[A-Z0-9_]+$/, "a variable of Ollama's (OLLAMA_, then A-Z, 0-9 and _)"],
    own: OWN_SETTINGS,
  }),
});
const Args = Settings.safeExtend(databaseArgs)
  .superRefine(refuseTwoImages)
  .refine(({ platform, gpus }) => gpus === undefined || platform.imageSource === "registry", {
    path: ["gpus"],
    error: sentence(
      "The server built from package registries uses the CPU alone: leave gpus out, or use imageSource: registry.",
    ),
  });
export type OllamaArgs = z.input<typeof Args>;

/**
 * One Ollama server: a service and a volume with its models that outlives it. It uses the CPU alone, unless it gets `gpus`.
 *
 * A model has to fit into `memoryMiB`, with its context: about its size on disk plus a quarter.
 *
 * @throws ArgsError naming every bad argument, before anything is registered. `up` fails, with the server's last log lines,
 * if no probe passes within `readyTimeoutSeconds`.
 * @example
 * const models = new Ollama("ollama", { platform, memoryMiB: 6144, egress: true });
 */
export class Ollama extends Database {
  /** The options that are plain data, for the settings of a program. */
  static readonly settings = Settings;
  /** `url`: `http://host:port`. There are no credentials. */
  declare readonly connection: Connection;
  /** Whether it can pull models. */
  readonly egress: boolean;

  constructor(name: string, args: OllamaArgs, opts?: pulumi.ComponentResourceOptions) {
    const { egress, gpus, settings, ...rest } = parseArgs(Args, "Ollama", name, args);
    super("Ollama", name, rest, opts, {
      image: IMAGE,
      ownVariables: { ...OWN_SETTINGS, HOME: OWN_SETTINGS.OLLAMA_MODELS },
      port: PORT,
      // The argument of the image's entry point, which is the program.
      command: ["serve"],
      env: {
        OLLAMA_HOST: `0.0.0.0:${PORT}`,
        HOME: DATA_PATH,
        OLLAMA_MODELS: `${DATA_PATH}/.ollama/models`,
        ...settings,
      },
      user: USER,
      pids: PIDS,
      egress,
      gpus,
      data: { path: DATA_PATH },
      probe: { test: httpProbe(name, PORT, "/api/version"), timeoutSeconds: 3 },
      connection: { scheme: "http" },
    });
    this.egress = egress;
  }
}
