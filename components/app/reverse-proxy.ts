import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { type Connection, connection } from "../core/connection.ts";
import type { Dependency } from "../core/dependency.ts";
import { type ImageFacts, imageArg, imageOn } from "../core/image.ts";
import { PROBE_IMAGE, probe, probeOf } from "../core/probe.ts";
import { Service } from "../core/service.ts";
import { hostPort, parseArgs, seconds, sentence } from "../core/support/args.ts";
import { limits, platform } from "../core/support/common.ts";
import { lastingVolume } from "../core/volume.ts";
import { acmeClient, CERTIFICATES, CHALLENGE_PORT, SERVED } from "./proxy/acme.ts";
import { Certificate } from "./proxy/certificate.ts";
import type { Step } from "./proxy/configuration.ts";
import { placeholderFiles, SITES } from "./proxy/files.ts";
import { Gates, gatesOf } from "./proxy/gates.ts";
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
      const gates = new Gates(name, this, proxy, subject);
      const text = siteFile({
        ...parsed,
        routes: parsed.routes.map(routeOf),
        tls: tls && { hstsSeconds: tls.hstsSeconds, challenged: acme && `${client}:${CHALLENGE_PORT}` },
      });
      const site = gates.site(text, siteSteps(tls !== undefined, upstreams, frontends), [service.ready]);
      const secured = { redirect: tls?.redirect ?? false, port: httpsHostPort };
      if (acme && certificates) {
        const reached = { gate: site, network: service.network };
        const of = { platform, acme, volume: certificates, user: USER, proxy: reached };
        const { members, ready } = acmeClient(client, this, of);
        if (members.length > 0) gates.keptCertificate(tlsFile({ ...secured, file: SERVED }), [site, ready]);
      }
      if (given) gates.givenCertificate(tlsFile(secured), given, [site]);

      const switched = upstreams.flatMap((upstream) => {
        const routes = parsed.routes.filter(({ to }) => to.upstream?.name === upstream.name);
        const [first] = routes;
        // While it does not run there is nothing to switch to.
        if (!first || upstream.members.length === 0) return [];
        return gates.route(upstream, first, drainSeconds, [site, ...gatesOf(routes.map(({ to }) => to))]);
      });
      // After the applications: a new front end may need what is new in them.
      for (const each of frontends) gates.files(each, [site, ...switched]);
    }
    this.registerOutputs({});
  }

  get gate(): pulumi.Resource {
    return this.ready;
  }
}

/** Several routes may lead to one. */
const byName = <T extends { name: string }>(all: readonly T[]): T[] => [
  ...new Map(all.map((each) => [each.name, each])).values(),
];

const limitsOf = ({ memoryMiB, readyTimeoutSeconds, stopGraceSeconds }: z.output<typeof Settings>) => ({
  memoryMiB,
  readyTimeoutSeconds,
  stopGraceSeconds,
});

const routeOf = ({ to: { upstream, files }, check: _, ...route }: z.output<typeof Args>["routes"][number]): Route => ({
  ...route,
  ...(files ? { files: files.name } : upstream ? { upstream: upstream.name } : {}),
});

/** A file for each upstream and front end of the site: those of others go, and so does a key that is not used any more. */
function siteSteps(secured: boolean, upstreams: readonly Upstream[], frontends: readonly Files[]): Step[] {
  const names = (all: readonly { name: string }[]) => all.map(({ name }) => `${name}.conf`);
  return [
    ["only", "routes", names(upstreams).join(" ")],
    ["only", "files", names(frontends).join(" ")],
    ...(secured ? [["default", TLS_FILE, placeholderTls] as const] : [["only", "tls", ""] as const]),
    ...upstreams.map(({ name }): Step => ["default", `routes/${name}.conf`, placeholderRoute(name)]),
    ...frontends.map(({ name }): Step => ["default", `files/${name}.conf`, placeholderFiles]),
  ];
}
