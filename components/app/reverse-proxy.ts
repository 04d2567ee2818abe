import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { type Connection, connection } from "../core/connection.ts";
import type { Dependency } from "../core/dependency.ts";
import { gate } from "../core/gate.ts";
import { type ImageFacts, imageArg, imageOn } from "../core/image.ts";
import { valueOf } from "../core/member.ts";
import { PROBE_IMAGE, probe, probeOf } from "../core/probe.ts";
import { Service } from "../core/service.ts";
import { hostPort, parseArgs, seconds, sentence } from "../core/support/args.ts";
import { limits, platform } from "../core/support/common.ts";
import { lastingVolume } from "../core/volume.ts";
import { acmeClient, CERTIFICATES, CHALLENGE_PORT, SERVED } from "./proxy/acme.ts";
import { Certificate } from "./proxy/certificate.ts";
import { Configuration, type Step } from "./proxy/configuration.ts";
import { placeholderFiles, SITES } from "./proxy/files.ts";
import { HEALTH, type Route, routes, trustedProxies } from "./proxy/routes.ts";
import { HTTP_PORT, siteFile } from "./proxy/site.ts";
import type { Files, Upstream } from "./proxy/target.ts";
import { HTTPS_PORT, placeholderTls, TLS_FILE, tls, tlsFile } from "./proxy/tls.ts";
import { placeholderRoute } from "./proxy/upstream.ts";

const NGINX: ImageFacts = { registry: "nginx:1.30", packages: "nginx" };
/** The image's own user. */
const USER = "101:101";
const START = readFileSync(new URL("proxy/start.sh", import.meta.url), "utf8");

const Settings = z.strictObject({
  /** TCP port on the host. @default - not published */
  hostPort: hostPort().optional(),
  /** TCP port on the host for HTTPS, where there is `tls`. @default - not published */
  httpsHostPort: hostPort().optional(),
  /** Address of the host: `0.0.0.0` for all addresses. @default "127.0.0.1" */
  address: z
    .string("an address of the host")
    .refine((at) => isIP(at) !== 0 && !at.includes("%"), "an address of the host")
    .default("127.0.0.1"),
  /** Whether everything but `/health` is answered with 503 and a page; or the page's text. @default false */
  maintenance: z.union([z.boolean(), z.string()], "true, false, or a text").default(false),
  /** How long requests in flight are served on after a change, in seconds; then they are ended. @default 10 */
  drainSeconds: seconds().default(10),
  /** How long an idle connection of a client is kept, in seconds. @default 65 */
  keepaliveSeconds: seconds().default(65),
  /** Whether texts of a KiB or more are compressed. @default true */
  gzip: z.boolean("true or false").default(true),
  /**
   * Whether answers say what browsers should not do: guess types, show pages in those of others, tell others full addresses. An
   * application's own header of the same name is sent instead. @default true
   */
  securityHeaders: z.boolean("true or false").default(true),
  /** Networks of proxies in front of this one, whose word about the client counts: `["10.0.0.0/8"]`. @default [] */
  trustedProxies: trustedProxies().default([]),
  /** What a host gets that no route is for: an answer, or a closed connection (444). @default 404 */
  unknownHosts: z.union([z.literal(404), z.literal(444)], "404 or 444").default(404),
  ...limits({ memoryMiB: 128, readyTimeoutSeconds: 60, stopGraceSeconds: 15 }),
});

const Args = Settings.safeExtend({
  /** What the stack is built on. */
  platform: platform(),
  /** An image that behaves like nginx, 1.29.3 or newer. @default "nginx:1.30" */
  image: imageArg().optional(),
  /** What is sent where; the longest path that matches wins. */
  routes: routes(),
  /**
   * HTTPS, beside HTTP: by a certificate that is given, or by `acme`. Another certificate replaces no container and ends no request.
   * @default - only HTTP
   */
  tls: tls().optional(),
  /** Directives of Nginx for each server, as they are; `nginx -t` judges them. @default - none */
  snippet: z.string("directives of Nginx").optional(),
}).superRefine(({ httpsHostPort, tls }, { addIssue }) => {
  if (httpsHostPort === undefined || tls !== undefined) return;
  addIssue({
    code: "custom",
    path: ["httpsHostPort"],
    message: sentence("There is no `tls`: set it, or leave this out."),
  });
});
export type ReverseProxyArgs = z.input<typeof Args>;

/**
 * Nginx before applications and front ends. It starts without waiting for them and gets each route by a gate, once what the route
 * leads to is ready: so a release of an application that is not published itself drops no request. New servers are asked through
 * the proxy first (`check`), then they get all new requests; what was in flight is answered by the old ones. Routes, and a front
 * end's files, never replace its container.
 *
 * @throws ArgsError naming every bad argument, before anything is registered. `up` fails with what Nginx says, if it refuses the
 * configuration; with the last answer, if a release does not pass its check: then what served before serves on.
 * @example
 * new ReverseProxy("proxy", {
 *   platform,
 *   hostPort: 8420,
 *   routes: [{ path: "/api/", to: backend, check: "/api/ready" }, { to: frontend, webSocket: true }],
 * });
 */
export class ReverseProxy extends pulumi.ComponentResource implements Dependency {
  /** The options that configuration can set: those that are plain data. */
  static readonly settings = Settings;
  /** `url`: `http://host:port`. */
  readonly connection: Connection;
  /** Exists only once Nginx answers; its routes may come later. */
  readonly ready: pulumi.Resource;
  readonly network: Service["network"];
  readonly container: Service["container"];

  constructor(name: string, args: ReverseProxyArgs, opts?: pulumi.ComponentResourceOptions) {
    const parsed = parseArgs(Args, "ReverseProxy", name, args);
    super("stackyard:app:ReverseProxy", name, {}, opts);
    const { platform, image = NGINX, hostPort, httpsHostPort, address, drainSeconds, tls } = parsed;
    const subject = `ReverseProxy "${name}"`;
    const targets = parsed.routes.map(({ to }) => to);
    const given = tls && "certificate" in tls ? new Certificate(subject, platform, tls) : undefined;
    const acme = tls && "acme" in tls ? tls.acme : undefined;
    const client = `${name}-acme`;
    const certificates =
      acme &&
      lastingVolume(`${name}-certificates`, name, this, platform, { name: `${name}-certificates`, lifecycle: "keep" });
    const upstreams = byName(targets.flatMap(({ upstream }) => upstream ?? []));
    const frontends = byName(targets.flatMap(({ files }) => files ?? []));

    const service = new Service(name, this, {
      platform,
      subject,
      image: () => imageOn(platform, image),
      entrypoint: ["sh", "-c", START],
      ...(parsed.cpus === undefined ? {} : { cpus: parsed.cpus }),
      ...limitsOf(parsed),
      user: USER,
      ports: [
        ...(hostPort === undefined ? [] : [{ port: HTTP_PORT, hostPort, address }]),
        ...(httpsHostPort === undefined ? [] : [{ port: HTTPS_PORT, hostPort: httpsHostPort, address }]),
      ],
      volumes: [
        // It can be made again from the program.
        { name: `${name}-configuration`, label: "configuration", path: "/proxy", lifecycle: "keep", owner: USER },
        ...frontends.map((each) => ({
          label: each.name,
          shared: each.volume,
          path: `${SITES}/${each.name}`,
          readOnly: true,
        })),
        ...(certificates ? [{ label: "certificates", shared: certificates, path: CERTIFICATES, readOnly: true }] : []),
      ],
      reaches: [...new Set(targets)],
      probe: {
        ...probeOf(probe().parse({ http: HEALTH, intervalSeconds: 5 }), name, HTTP_PORT),
        program: () => imageOn(platform, PROBE_IMAGE),
      },
      // Nginx answers what is in flight before it ends.
      stopSignal: "SIGQUIT",
    });
    this.ready = service.ready;
    this.network = service.network;
    this.container = service.container;
    this.connection = connection(
      { scheme: "http", host: name, port: HTTP_PORT, hostPort, hostAddress: address },
      service.network ? [service.network.resource] : [],
    );

    const [proxy] = service.members;
    if (proxy) {
      const configuration = new Configuration(proxy, subject);
      const own = (dependsOn: pulumi.Resource[]) => ({ parent: this, dependsOn });
      const text = siteFile({
        ...parsed,
        routes: parsed.routes.map(routeOf),
        tls: tls && { hstsSeconds: tls.hstsSeconds, challenged: acme && `${client}:${CHALLENGE_PORT}` },
      });
      const site = gate(
        `${name}-site`,
        { proxy: proxy.key, text: hashOf(text) },
        () => configuration.change(...siteSteps(text, tls !== undefined, upstreams, frontends)),
        own([service.ready]),
      );
      if (tls && acme && certificates) {
        const server = tlsFile({ redirect: tls.redirect, port: httpsHostPort, file: SERVED });
        const obtained = acmeClient(client, this, {
          ...{ platform, acme, volume: certificates, user: USER },
          proxy: { gate: site, network: service.network },
        });
        if (obtained.members.length > 0)
          gate(
            `${name}-certificate`,
            { proxy: proxy.key, server: hashOf(server) },
            () => configuration.change(["put", TLS_FILE, server]),
            own([site, obtained.ready]),
          );
      }
      if (tls && given) {
        const server = tlsFile({ redirect: tls.redirect, port: httpsHostPort });
        gate(
          `${name}-certificate`,
          { proxy: proxy.key, server: hashOf(server), certificate: given.mark },
          async () => configuration.secure(server, ...(await given.read())),
          own([site]),
        );
      }
      const switched = upstreams.map((upstream) => {
        const { members, port, startFirst } = upstream;
        const gates = targets.flatMap((each) =>
          each.upstream?.name === upstream.name && each.gate ? [each.gate] : [],
        );
        const route = parsed.routes.find(({ to }) => to.upstream?.name === upstream.name);
        return gate(
          `${name}-route-${upstream.name}`,
          { proxy: proxy.key, servers: pulumi.all(members.map(({ key }) => key)), port },
          async () => {
            const hosts = await Promise.all(members.map(({ host }) => valueOf(host)));
            const servers = hosts.map((host) => `${host}:${port}`);
            const { host = "localhost", path = "/", check } = route ?? {};
            await configuration.switchTo({
              ...{ upstream: upstream.name, servers, host: host.replace("*", "any") },
              ...(check === undefined ? { path, good: "any" } : { path: check, good: "well" }),
              seconds: TRIAL_SECONDS,
            });
            if (startFirst) await configuration.drained(drainSeconds);
          },
          own([site, ...gates]),
        );
      });
      for (const { name: frontend, version, gate: filled, retireOthers } of frontends) {
        const served = gate(
          `${name}-files-${frontend}`,
          { proxy: proxy.key, version },
          async () => configuration.serve(frontend, await valueOf(version)),
          // After the applications: a new front end may need what is new in them.
          own([site, filled, ...switched]),
        );
        retireOthers(served);
      }
    }
    this.registerOutputs({});
  }

  get gate(): pulumi.Resource {
    return this.ready;
  }
}

/** How long the servers of a release may take to give a good answer through the proxy: they are ready by then. */
const TRIAL_SECONDS = 30;

/** Several routes may lead to one. */
const byName = <T extends { name: string }>(all: readonly T[]): T[] => [
  ...new Map(all.map((each) => [each.name, each])).values(),
];

const limitsOf = ({ memoryMiB, readyTimeoutSeconds, stopGraceSeconds }: z.output<typeof Settings>) => ({
  memoryMiB,
  readyTimeoutSeconds,
  stopGraceSeconds,
});

const hashOf = (text: string) => createHash("sha256").update(text).digest("hex");

const routeOf = ({ to: { upstream, files }, check: _, ...route }: z.output<typeof Args>["routes"][number]): Route => ({
  ...route,
  ...(files ? { files: files.name } : upstream ? { upstream: upstream.name } : {}),
});

/** The site, with a file for each of its upstreams and front ends: those of others go, and so does a key that is not used any more. */
function siteSteps(
  text: string,
  secured: boolean,
  upstreams: readonly Upstream[],
  frontends: readonly Files[],
): Step[] {
  const names = (all: readonly { name: string }[]) => all.map(({ name }) => `${name}.conf`);
  return [
    ["put", "nginx.conf", text],
    ["only", "routes", names(upstreams).join(" ")],
    ["only", "files", names(frontends).join(" ")],
    ...(secured ? [["default", TLS_FILE, placeholderTls] as const] : [["only", "tls", ""] as const]),
    ...upstreams.map(({ name }): Step => ["default", `routes/${name}.conf`, placeholderRoute(name)]),
    ...frontends.map(({ name }): Step => ["default", `files/${name}.conf`, placeholderFiles]),
  ];
}
