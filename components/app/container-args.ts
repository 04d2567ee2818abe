import { isIP, isIPv4 } from "node:net";
import { z } from "zod";
import { uses } from "../core/dependency.ts";
import { Develop } from "../core/develop.ts";
import { containerOverrides } from "../core/docker.ts";
import { env, secrets } from "../core/environment.ts";
import { configFiles } from "../core/files.ts";
import { imageOrBuild } from "../core/image.ts";
import { SharedVolume } from "../core/shared-volume.ts";
import {
  containerPath,
  count,
  gpus,
  hostPort,
  matching,
  mebibytes,
  partName,
  secretValue,
  sentence,
} from "../core/support/args.ts";
import { lifecycle, limits, platform, user } from "../core/support/common.ts";
import { commandWords } from "../core/support/program.ts";
import { capability, signal, sysctls, ulimits } from "./linux.ts";

const flag = () => z.boolean("true or false");
const words = () => z.array(z.string("a text"), "a list of texts");

const Port = z.strictObject({
  /** In the container. */
  port: hostPort(),
  /** @default "tcp" */
  protocol: z.enum(["tcp", "udp"]).default("tcp"),
  /** On the host. @default - not published */
  hostPort: hostPort().optional(),
  /** Of the host: `0.0.0.0` for all that it has, `::` for all of IPv6. @default "127.0.0.1" */
  address: z
    .string("an address of the host")
    .refine((at) => isIP(at) !== 0 && !at.includes("%"), "an address of the host")
    .default("127.0.0.1"),
});

const OwnOrSharedVolume = z.union(
  [
    containerPath().transform((path) => ({ path, lifecycle: undefined })),
    z.strictObject({
      /** In the container. */
      path: containerPath(),
      /** How long its content lasts. @default - `keep` in dev, `protected` in prod */
      lifecycle: lifecycle(),
    }),
    SharedVolume,
  ],
  "an absolute path inside the container, { path, lifecycle }, or { path, volume, readOnly }",
);

const MountPoint = z.union(
  [
    containerPath().transform((path) => ({ path, readOnly: true })),
    z.strictObject({ path: containerPath(), readOnly: flag().default(true) }),
  ],
  "an absolute path inside the container, or { path, readOnly }",
);

const Tmpfs = z.strictObject({
  /** @default 64 */
  sizeMiB: mebibytes(1).default(64),
  /** Permissions, in octal digits. @default "1777" */
  mode: matching(/^[0-7]{3,4}$/, "permissions in octal digits").default("1777"),
  /** Whether programs in it may be run. @default false */
  exec: flag().default(false),
  /** `uid:gid`. @default - root */
  owner: user().optional(),
});

const Device = z.union(
  [
    matching(/^\/dev\/\S+$/, "a device's path").transform((host) => ({ host, path: host, permissions: "rwm" })),
    z
      .strictObject({
        /** On the host. */
        host: matching(/^\/dev\/\S+$/, "a device's path"),
        /** In the container. @default - as on the host */
        path: containerPath().optional(),
        /** Read, write, make. @default "rwm" */
        permissions: matching(/^r?w?m?$/, "some of r, w and m").default("rwm"),
      })
      .transform(({ host, path = host, permissions }) => ({ host, path, permissions })),
  ],
  "a device's path, or { host, path, permissions }",
);

const Dns = z.union(
  [
    words().transform((servers) => ({ servers, search: [] as string[], options: [] as string[] })),
    z.strictObject({ servers: words().default([]), search: words().default([]), options: words().default([]) }),
  ],
  "a list of servers, or { servers, search, options }",
);

/** What every container takes, whoever it is for; ports and probe are beside it. */
export const containerArgs = {
  platform: platform(),
  ...imageOrBuild,
  /** In place of the image's own. @default - the image's own */
  command: commandWords().optional(),
  /** In place of the image's own; an empty list: the command is the program. @default - the image's own */
  entrypoint: commandWords().optional(),
  /** What it refers to, by the name under which it is told of each. @default {} */
  uses: uses(),
  /**
   * Environment, nothing secret: texts, numbers, true or false, or outputs of other components, which are references then as in
   * `uses`. @default {}
   */
  env: env(),
  /**
   * Secrets of other origin, by the variable's name: as files by default (`API_KEY_FILE` says where), each with a path, a variable
   * or a form of its own where it says so. @default {}
   */
  secrets: secrets(),
  /**
   * How it gets what is secret: as files (`DATABASE_URL_FILE`), or in its environment (`DATABASE_URL`), where `docker inspect`
   * shows it. @default "files"
   */
  credentials: z.enum(["files", "environment"]).default("files"),
  /**
   * Files of this machine, by absolute path in the container, where they can only be read; byte for byte, and nothing else of their
   * folders is hidden. Another content replaces the container. @default {}
   */
  files: configFiles(),
  /** Volumes, by name: where each is, and how long it lasts; or a `Volume` that others have as well. @default {} */
  volumes: z.record(partName(), OwnOrSharedVolume).default({}),
  /** Folders of this machine, by path, that can be read at a path in the container, or written where it says so. @default {} */
  mounts: z.record(z.string(), MountPoint).default({}),
  /** Folders in memory, by path. @default - /tmp, where the root can only be read and no volume or mount is there */
  tmpfs: z.record(containerPath(), Tmpfs).default({}),
  /** `uid:gid`; `0:0` is root. @default "1000:1000" */
  user: user().default("1000:1000"),
  /** Further groups, by number. @default - none */
  groups: z.array(count(0, 4_294_967_295), "a list of numbers").optional(),
  /** @default - the image's own */
  workingDir: containerPath().optional(),
  /** What it takes itself to be called; others know it by its name. @default - its container's id */
  hostname: matching(/^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$/, "a host name").optional(),
  /** Whether nothing can be written but to volumes and folders in memory. @default true */
  readOnlyRoot: flag().default(true),
  /** Capabilities that it keeps, where it is root: `["NET_ADMIN"]`. The engine gives none to another user. @default [] */
  capabilities: z.array(capability(), "a list of capabilities").default([]),
  /** All capabilities, all devices, no confinement: as good as root on the host. @default false */
  privileged: flag().default(false),
  /** `host`: it is on its machine's own network, publishes what it listens on, and refers to no other. @default - its own network */
  networkMode: z.literal("host", '"host"').optional(),
  /** Devices of the host. @default - none */
  devices: z.array(Device, "a list of devices").optional(),
  /** Kernel parameters of its own, by name. @default - none */
  sysctls: sysctls().optional(),
  /** DNS servers for names that are none of the stack's. @default - the engine's */
  dns: Dns.optional(),
  /** When it is started again after its end. @default "unless-stopped" */
  restart: z.enum(["no", "on-failure", "always", "unless-stopped"]).default("unless-stopped"),
  /** Whether a process 1 hands signals on to it and reaps: for programs that are not made to be process 1. @default false */
  init: flag().default(false),
  /** @default - the image's own, else SIGTERM */
  stopSignal: signal().optional(),
  /** How much its /dev/shm holds, in MiB. @default - the engine's own, 64 */
  shmSizeMiB: mebibytes(1).optional(),
  /** Limits by name: `{ nofile: 65536 }`; -1 is no limit. @default - the engine's */
  ulimits: ulimits().optional(),
  /** The most processes and threads. @default 256 */
  pids: count(1, 4_194_304).default(256),
  /** NVIDIA's GPUs of the host: all, or so many of them. @default - none */
  gpus: gpus().optional(),
  /** Addresses that need no DNS server, by name; `host-gateway` is the engine's machine. @default {} */
  hosts: z
    .record(
      z.string(),
      z
        .string("an IPv4 address")
        .refine((at) => isIPv4(at) || at === "host-gateway", "an IPv4 address, or host-gateway"),
    )
    .optional(),
  /** Whether it may reach beyond the networks of what it refers to. @default false */
  egress: flag().default(false),
  /**
   * How it runs while it is being developed: in dev, where the engine is on this machine. What is mounted is no part of its
   * image's content then. @default - as in its image
   */
  develop: Develop.optional(),
  /** Whether `develop` may be in force. @default true */
  hotReload: flag().default(true),
  /** Labels of its container. @default {} */
  labels: z
    .record(
      z
        .string()
        .refine((label) => !label.startsWith("stackyard."), "another label than stackyard.…, by which it is found"),
      z.string("a text"),
    )
    .default({}),
  /**
   * Arguments of the Docker provider's own container for what no option here sets: `{ cpuShares: 512 }`. `mounts` are beside all
   * others. @default {}
   */
  docker: containerOverrides().optional(),
  ...limits({ memoryMiB: 256, readyTimeoutSeconds: 60, stopGraceSeconds: 15 }),
};

export const ports = () =>
  z
    .record(partName(), Port)
    .superRefine((all, { addIssue }) => {
      const by = new Map<string, string>();
      for (const [name, { port, protocol }] of Object.entries(all)) {
        const other = by.get(`${port}/${protocol}`);
        if (other !== undefined) {
          addIssue({
            code: "custom",
            path: [name, "port"],
            message: sentence(
              `\`${other}\` is ${port}/${protocol} already: the engine publishes a port of a container once.`,
            ),
          });
        }
        by.set(`${port}/${protocol}`, other ?? name);
      }
    })
    .default({});

/** How others are told of it. */
export const Reached = z.strictObject({
  /** Of its URL: `nats`. */
  scheme: matching(/^[a-z][a-z0-9+.-]*$/, "a URL's scheme, as http"),
  /** Which of its ports, by name. @default - the only one, or the first */
  port: z.string("a port's name").optional(),
  /** What others sign in with. @default - nothing */
  user: z.string("a text").optional(),
  password: secretValue().optional(),
  apiKey: secretValue().optional(),
  /** What a URL has for a path. @default - nothing */
  database: z.string("a text").optional(),
});
