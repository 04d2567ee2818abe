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
import { lifecycle, limits, MOST_ID, platform, user } from "../core/support/common.ts";
import { commandWords } from "../core/support/program.ts";
import { capability, signal, sysctls, ulimits } from "./linux.ts";
import { replicas } from "./replicas.ts";

const flag = () => z.boolean("true or false");
const words = () => z.array(z.string("a text"), "a list of texts");

const Port = z.strictObject({
  /** In the container. */
  port: hostPort(),
  /** What it speaks there. @default "tcp" */
  protocol: z.enum(["tcp", "udp"]).default("tcp"),
  /** On the host. @default - not published */
  hostPort: hostPort().optional(),
  /** Address of the host: `0.0.0.0` for all addresses, `::` for all IPv6 addresses. @default "127.0.0.1" */
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
      /** How long its data is kept. @default - `keep` in dev, `protected` in prod */
      lifecycle: lifecycle(),
    }),
    SharedVolume,
  ],
  "an absolute path inside the container, { path, lifecycle }, or { path, volume, readOnly }",
);

const MountPoint = z.union(
  [
    containerPath().transform((path) => ({ path, readOnly: true })),
    z.strictObject({
      /** In the container. */
      path: containerPath(),
      /** Whether it can only be read there. @default true */
      readOnly: flag().default(true),
    }),
  ],
  "an absolute path inside the container, or { path, readOnly }",
);

const Tmpfs = z.strictObject({
  /** Most that it can hold, in MiB. @default 64 */
  sizeMiB: mebibytes(1).default(64),
  /** Permissions, in octal digits. @default "1777" */
  mode: matching(/^[0-7]{3,4}$/, "permissions in octal digits").default("1777"),
  /** Whether programs in it may be run. @default false */
  exec: flag().default(false),
  /** Who owns it: `uid:gid`. @default - root */
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
        /** Some of read, write and mknod. @default "rwm" */
        permissions: matching(/^r?w?m?$/, "some of r, w and m").default("rwm"),
      })
      .transform(({ host, path = host, permissions }) => ({ host, path, permissions })),
  ],
  "a device's path, or { host, path, permissions }",
);

const servers = () =>
  z.array(
    z.string("an IP address").refine((at) => isIP(at) !== 0 && !at.includes("%"), "an IP address"),
    "a list of IP addresses",
  );

const Dns = z.union(
  [
    servers().transform((servers) => ({ servers, search: [] as string[], options: [] as string[] })),
    z.strictObject({
      /** Addresses of the servers. @default [] */
      servers: servers().default([]),
      /** Domains in which short names are looked up. @default [] */
      search: words().default([]),
      /** Options of the resolver: `["ndots:1"]`. @default [] */
      options: words().default([]),
    }),
  ],
  "a list of IP addresses, or { servers, search, options }",
);

/** What every container takes, beside ports and a probe. */
export const containerArgs = {
  /** What the stack is built on. */
  platform: platform(),
  ...imageOrBuild,
  /** Program and arguments, or arguments of `entrypoint`. @default - the image's own */
  command: commandWords().optional(),
  /** What runs the command; an empty list is nothing, so that the command is the program. @default - the image's own */
  entrypoint: commandWords().optional(),
  /** What it refers to, each by the name that its variables begin with. @default {} */
  uses: uses(),
  /**
   * Environment without secrets: texts, numbers, true or false, or outputs of other components, which are then references as in
   * `uses`. @default {}
   */
  env: env(),
  /**
   * Secrets from elsewhere, by the variable's name. They are files by default (`API_KEY_FILE` has the path); each may have another
   * path, variable or form. @default {}
   */
  secrets: secrets(),
  /**
   * How it gets secrets: as files (`DATABASE_URL_FILE`), or in its environment (`DATABASE_URL`), where `docker inspect` shows them.
   * @default "files"
   */
  credentials: z.enum(["files", "environment"]).default("files"),
  /**
   * Files of this machine, by absolute path in the container, where they are read-only; other files of the same folders stay
   * visible. Other content replaces the container. Under a read-only root, a file is mounted: a server sees an edit of it before
   * the next `up` if it reads the file again. @default {}
   */
  files: configFiles(),
  /** Volumes, by name: the path of each and how long its data is kept; or a `Volume` that others mount too. @default {} */
  volumes: z.record(partName(), OwnOrSharedVolume).default({}),
  /** Folders of this machine, by path: where each is mounted, read-only unless it says otherwise. @default {} */
  mounts: z.record(z.string(), MountPoint).default({}),
  /** Folders in memory, by path. @default - /tmp where the root is read-only, unless a volume or a mount is there */
  tmpfs: z.record(containerPath(), Tmpfs).default({}),
  /** `uid:gid` that it runs as; `0:0` is root. @default "1000:1000" */
  user: user().default("1000:1000"),
  /** Further groups, by number. @default - none */
  groups: z.array(count(0, MOST_ID), "a list of numbers").optional(),
  /** The folder that the program starts in. @default - the image's own */
  workingDir: containerPath().optional(),
  /** Its own host name, which no other service has as its name, and none on one of its networks as its host name; others reach it by its component's name. @default - its container's id */
  hostname: matching(/^[A-Za-z0-9][A-Za-z0-9.-]{0,62}$/, "a host name").optional(),
  /** Whether it can write only to volumes, writable mounts and folders in memory. @default true */
  readOnlyRoot: flag().default(true),
  /** Capabilities that it keeps: `["NET_ADMIN"]`. They need user `0:0`. @default [] */
  capabilities: z.array(capability(), "a list of capabilities").default([]),
  /** Gives it all capabilities and devices, without confinement: it is as good as root on the host. @default false */
  privileged: flag().default(false),
  /**
   * `host`: it shares the network of the engine's machine, where every port that it opens is published, and can refer to no
   * service. @default - a network of its own
   */
  networkMode: z.literal("host", '"host"').optional(),
  /** Devices of the host. @default - none */
  devices: z.array(Device, "a list of devices").optional(),
  /** Kernel parameters of its own, by name. @default - none */
  sysctls: sysctls().optional(),
  /** DNS servers for names outside of the stack. @default - the engine's */
  dns: Dns.optional(),
  /** When the engine starts it again after it has ended. @default "unless-stopped" */
  restart: z.enum(["no", "on-failure", "always", "unless-stopped"]).default("unless-stopped"),
  /** Whether an init process runs before it, which passes signals on to it and reaps zombies. @default false */
  init: flag().default(false),
  /** Signal that stops it. @default - the image's own, else SIGTERM */
  stopSignal: signal().optional(),
  /** Size of its /dev/shm, in MiB. @default - the engine's own, 64 */
  shmSizeMiB: mebibytes(1).optional(),
  /** Limits by name: `{ nofile: 65536 }`; -1 is no limit. @default - the engine's */
  ulimits: ulimits().optional(),
  /** The most processes and threads. @default 256 */
  pids: count(1, 4_194_304).default(256),
  /** NVIDIA GPUs of the host: `"all"`, or a number of them. @default - none */
  gpus: gpus().optional(),
  /** Entries of its /etc/hosts: addresses by name, none that of a service; `host-gateway` is the engine's machine. @default {} */
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
   * How it runs while you develop it: in dev, where the engine is on this machine. Folders that are mounted then do not count as
   * content of its image. @default - as in its image
   */
  develop: Develop.optional(),
  /** Whether `develop` applies. @default true */
  hotReload: flag().default(true),
  ...replicas(),
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
   * Arguments of the Docker provider's container that no option here sets: `{ cpuShares: 512 }`. `mounts` are added to all others.
   * @default {}
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

/** What others get to know of it. */
export const Reached = z.strictObject({
  /** Scheme of its URL: `nats`. */
  scheme: matching(/^[a-z][a-z0-9+.-]*$/, "a URL's scheme, as http"),
  /** Name of the port that it is reached at. @default - the first one in `ports` */
  port: z.string("a port's name").optional(),
  /** User that others sign in as. @default - none */
  user: z.string("a text").optional(),
  /** Password that others sign in with. Secret. @default - none */
  password: secretValue().optional(),
  /** Secret that others send in a header of every request. @default - none */
  apiKey: secretValue().optional(),
  /** Database: the path of its URL. @default - none */
  database: z.string("a text").optional(),
});
