import { existsSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { type Connection, connection } from "../core/connection.ts";
import type { Dependency } from "../core/dependency.ts";
import { developed } from "../core/develop.ts";
import { environmentOf, refuseDuplicates, withoutSecrets } from "../core/environment.ts";
import { readConfigFiles } from "../core/files.ts";
import { type ImageFacts, imageOn, type OwnImage, ownImage, refuseImageAndBuild } from "../core/image.ts";
import type { Platform } from "../core/platform.ts";
import { needsProgram, PROBE_IMAGE, probe, probeOf } from "../core/probe.ts";
import { hidden } from "../core/secret.ts";
import { Service } from "../core/service.ts";
import { shared } from "../core/shared-volume.ts";
import { ArgsError, parseArgs, sentence } from "../core/support/args.ts";
import { refuseNoProgram } from "../core/support/program.ts";
import {
  fileTargets,
  memoryTargets,
  mountTarget,
  PROBE_TARGET,
  refuseClashes,
  secretTargets,
  type Target,
} from "../core/targets.ts";
import { containerArgs, ports, Reached } from "./container-args.ts";
import { refuseMissing, refuseWithoutEffect } from "./linux.ts";
import type { Upstream } from "./proxy/target.ts";
import { refuseReplicas } from "./replicas.ts";

const Args = z
  .strictObject({
    ...containerArgs,
    /** What it listens on, by name. @default {} */
    ports: ports(),
    /**
     * What others get to know of it in their `uses`: address, port and credentials. @default - nothing: they wait for it, and can
     * reach it
     */
    connection: Reached.optional(),
    /** What proves that it serves. */
    probe: probe(),
  })
  .superRefine((args, context) => {
    refuseImageAndBuild(args, context);
    refuseNoProgram(args, context);
    refuseWithoutEffect(args, context);
    refuseMissing(args, context);
    refuseReplicas(args, context);
    refuseDuplicates(args.uses, args, context);
    const fault = (text: string, ...path: string[]) =>
      context.addIssue({ code: "custom", path, message: sentence(text) });
    const { connection, ports, networkMode, probe } = args;
    const names = Object.keys(ports);
    if (connection && names.length === 0) fault("It needs a port to lead to: name one in `ports`.", "connection");
    if (connection?.port !== undefined && !names.includes(connection.port))
      fault(`There is no port ${connection.port} in \`ports\`, only ${names.join(", ")}.`, "connection", "port");
    if (networkMode === "host") {
      if (connection)
        fault(
          "With networkMode: host no network of the stack leads to it, and others can only wait for it: leave this out.",
          "connection",
        );
      for (const [name, { hostPort }] of Object.entries(ports))
        if (hostPort !== undefined)
          fault(
            "With networkMode: host every port that it opens is published as it is: leave this out.",
            "ports",
            name,
            "hostPort",
          );
      const { declared } = args.platform;
      const onNetwork = (value: pulumi.Input<string>) =>
        declared.referredTo([], { value }).some(({ network }) => network);
      const referring = {
        uses: Object.values(args.uses).some(({ network }) => network),
        env: Object.values(args.env).some(onNetwork),
        secrets: Object.values(args.secrets).some(({ value }) => onNetwork(value)),
      };
      for (const [argument, refers] of Object.entries(referring))
        if (refers)
          fault(
            "With networkMode: host it is on none of their networks: refer to them from a container without it, or publish them and " +
              "take their `connection.fromHost`.",
            argument,
          );
    }
    if (typeof probe === "object" && "http" in probe && probe.port === undefined && names.length === 0)
      fault("It has no port in `ports`: say which one answers.", "probe", "port");
  });
export type ContainerArgs = z.input<typeof Args>;

/**
 * Any long-running server, from an image or from a folder that one is built from. It starts once everything that it refers to is
 * ready or done, reaches nothing else, and gets variables for each reference. The defaults are safe: ports are published on
 * 127.0.0.1 only, its root is read-only, it has no capabilities and is not root.
 *
 * @throws ArgsError naming every bad argument, before anything is registered. `up` fails, with its last log lines, if its
 * probe does not pass within `readyTimeoutSeconds`.
 * @example
 * const mail = new Container("mail", {
 *   platform,
 *   image: "axllent/mailpit:v1.27",
 *   ports: { web: { port: 8025, hostPort: 8025 }, smtp: { port: 1025 } },
 *   connection: { scheme: "smtp", port: "smtp" },
 *   volumes: { data: "/data" },
 *   probe: { http: "/readyz" },
 * });
 */
export class Container extends pulumi.ComponentResource implements Dependency {
  /** What others get to know of it; undefined where its arguments have none. */
  readonly connection?: Connection;
  /** Exists only once its probe has passed. */
  readonly ready: pulumi.Resource;
  readonly network: Service["network"];
  readonly container: Service["container"];
  readonly data: Service["data"];
  /** Where a proxy finds its replicas. @internal */
  readonly upstream: Upstream;
  /** For jobs that run the same: `image: web.image`. Its content is complete also where `develop` mounts folders over it. */
  readonly image: ImageFacts | OwnImage;

  /** @param kind the class that extends it, for its type and for messages. */
  constructor(name: string, args: ContainerArgs, opts?: pulumi.ComponentResourceOptions, kind = "Container") {
    const parsed = parseArgs(Args, kind, name, args);
    const { platform, image, build, uses, env, secrets, credentials, files, volumes, mounts, ports, probe, ...rest } =
      parsed;
    const { develop, hotReload, connection: reached, tmpfs, docker, ...own } = rest;
    const subject = `${kind} "${name}"`;
    const live = develop && hotReload ? developed(name, subject, platform, develop, own.user) : undefined;
    const mounted = mountsOf(subject, mounts, platform);
    const configFiles = readConfigFiles(subject, files, platform, own);
    const environment = environmentOf(uses, { secrets, credentials });
    const targets = targetsOf(parsed, (live && develop?.mounts) ?? {}, Object.keys(environment.secretFolders));
    refuseClashes(subject, targets);
    super(`stackyard:app:${kind}`, name, {}, opts);

    for (const secret of environment.hidden) hidden(platform, secret);
    const published = Object.values(ports).flatMap(({ hostPort, ...port }) =>
      hostPort === undefined ? [] : [{ ...port, hostPort }],
    );
    const main = ports[reached?.port ?? ""] ?? Object.values(ports)[0];
    const address = own.networkMode === "host" ? "127.0.0.1" : undefined;
    const builds = { subject, build: build as NonNullable<typeof build>, parent: this };
    const of = image ?? ownImage(platform, { ...builds, name, mounts: live?.mounts });
    this.image = image ?? (live ? ownImage(platform, { ...builds, name: `${name}-image` }) : of);
    const service = new Service(name, this, {
      ...own,
      platform,
      subject,
      image: () => imageOn(platform, of),
      ...(live ? { command: live.command } : {}),
      env: { ...environment.env, ...withoutSecrets(subject, env, platform) },
      secretFolders: environment.secretFolders,
      configFiles,
      mounts: [...(live?.mounts ?? []), ...mounted],
      ports: published,
      uses,
      tmpfs: Object.fromEntries(Object.entries(tmpfs).map(([path, each]) => [path, mountOptions(each)])),
      ...(Object.keys(volumes).length === 0
        ? {}
        : {
            volumes: Object.entries(volumes).map(([label, each]) =>
              "volume" in each
                ? shared(subject, label, each, own.user)
                : {
                    name: `${name}-${label}`,
                    label,
                    path: each.path,
                    lifecycle: each.lifecycle ?? platform.lifecycle,
                    owner: own.user,
                  },
            ),
          }),
      probe: {
        ...probeOf(probe, address ?? name, main?.port, address),
        ...(needsProgram(probe) ? { program: () => imageOn(platform, PROBE_IMAGE) } : {}),
      },
      ...(docker ? { overrides: docker as Record<string, unknown> } : {}),
    });
    this.ready = service.ready;
    this.network = service.network;
    this.container = service.container;
    this.data = service.data;
    this.upstream = { name, members: service.members, port: main?.port, startFirst: service.startFirst };
    if (reached && main) this.connection = connectionOf(name, platform, reached, ports, main, service.network);
    this.registerOutputs({});
  }

  get gate(): pulumi.Resource {
    return this.ready;
  }
}

type Ports = z.output<typeof Args>["ports"];

function connectionOf(
  name: string,
  platform: Platform,
  { port: _, password, apiKey, ...known }: z.output<typeof Reached>,
  ports: Ports,
  main: Ports[string],
  network: Service["network"],
): Connection {
  const others = Object.entries(ports).filter(([, each]) => each !== main);
  const { scheme, user, database } = known;
  return connection(
    {
      scheme,
      ...(user === undefined ? {} : { user }),
      ...(database === undefined ? {} : { database }),
      ...(password === undefined ? {} : { password: hidden(platform, password) }),
      ...(apiKey === undefined ? {} : { apiKey: hidden(platform, apiKey) }),
      host: name,
      port: main.port,
      ...(others.length === 0 ? {} : { ports: Object.fromEntries(others.map(([each, { port }]) => [each, port])) }),
      hostPort: main.hostPort,
      hostAddress: main.address,
    },
    network ? [network.resource] : [],
  );
}

/** Everything that is put at a path inside its container. @param developed folders of this machine that `develop` mounts. */
function targetsOf(
  { platform, probe, volumes, mounts, tmpfs, files, secrets, readOnlyRoot }: z.output<typeof Args>,
  developed: Record<string, string>,
  secretFolders: readonly string[],
): Target[] {
  const { local } = platform.engine;
  const folders: Target[] = [
    ...Object.entries(volumes).map(([label, { path, ...each }]) => ({
      option: `volumes.${label}`,
      path,
      readOnly: "readOnly" in each && each.readOnly,
    })),
    ...Object.entries(mounts).map(([source, mount]) => mountTarget(`mounts.${source}`, { source, ...mount }, local)),
    ...Object.entries(developed).map(([source, path]) =>
      mountTarget(`develop.mounts.${source}`, { source, path, readOnly: true }, local),
    ),
  ];
  return [
    ...(needsProgram(probe) ? [PROBE_TARGET] : []),
    ...folders,
    ...memoryTargets(readOnlyRoot, Object.keys(tmpfs), folders),
    ...fileTargets(files, readOnlyRoot),
    ...secretTargets(secretFolders, secrets, { readOnly: true }),
  ];
}

/** @throws ArgsError for a folder that does not exist; with an engine on another machine, for a path that is not absolute. */
function mountsOf(subject: string, mounts: z.output<typeof Args>["mounts"], { engine }: Platform) {
  const faults = Object.keys(mounts).flatMap((source) => {
    if (engine.local ? existsSync(source) : isAbsolute(source)) return [];
    const rule = engine.local ? "a path of this machine that is there" : "an absolute path of the engine's machine";
    return [`mounts: should be ${rule}, got ${JSON.stringify(source)}`];
  });
  if (faults.length > 0) throw new ArgsError(`${subject} has bad arguments`, faults);
  return Object.entries(mounts).map(([source, mount]) => ({ source: resolve(source), ...mount }));
}

function mountOptions({
  sizeMiB,
  mode,
  exec,
  owner,
}: {
  sizeMiB: number;
  mode: string;
  exec: boolean;
  owner?: string | undefined;
}) {
  const [uid, gid] = owner?.split(":") ?? [];
  return [
    ...(exec ? ["exec"] : []),
    `mode=${mode}`,
    `size=${sizeMiB}m`,
    ...(owner === undefined ? [] : [`uid=${uid}`, `gid=${gid}`]),
  ].join(",");
}
