import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { gate } from "../../core/gate.ts";
import { type Member, valueOf } from "../../core/member.ts";
import type { Certificate } from "./certificate.ts";
import { Configuration, type Step } from "./configuration.ts";
import type { Files, Target, Upstream } from "./target.ts";
import { TLS_FILE } from "./tls.ts";

/** How long the servers of a release may take to give a good answer through the proxy: they are ready by then. */
const TRIAL_SECONDS = 30;

/** The gates by which a proxy gets its configuration, piece by piece, each once what it is about is there. */
export class Gates {
  readonly #name: string;
  readonly #parent: pulumi.Resource;
  readonly #proxy: Member;
  readonly #configuration: Configuration;

  /** @param subject for messages: `ReverseProxy "proxy"`. */
  constructor(name: string, parent: pulumi.Resource, proxy: Member, subject: string) {
    this.#name = name;
    this.#parent = parent;
    this.#proxy = proxy;
    this.#configuration = new Configuration(proxy, subject);
  }

  /** Everything but certificates and where the servers and files are. @param text nginx.conf. */
  site(text: string, steps: readonly Step[], after: pulumi.Resource[]): pulumi.Resource {
    const change = () => this.#configuration.change(["put", "nginx.conf", text], ...steps);
    return this.#gate("site", { text: hashOf(text) }, change, after);
  }

  /** A certificate that a client keeps in a volume. @param server what is to be said of it. */
  keptCertificate(server: string, after: pulumi.Resource[]): pulumi.Resource {
    const change = () => this.#configuration.change(["put", TLS_FILE, server]);
    return this.#gate("certificate", { server: hashOf(server) }, change, after);
  }

  /** A certificate that the program gives. @param server what is to be said of it. */
  givenCertificate(server: string, given: Certificate, after: pulumi.Resource[]): pulumi.Resource {
    const secure = async () => this.#configuration.secure(server, ...(await given.read()));
    return this.#gate("certificate", { server: hashOf(server), certificate: given.mark }, secure, after);
  }

  /** The servers of an application, by the first route to it. */
  route(
    { name, members, port, startFirst }: Upstream,
    { host = "localhost", path, check }: { host?: string | undefined; path: string; check?: string | undefined },
    drainSeconds: number,
    after: pulumi.Resource[],
  ): pulumi.Resource {
    return this.#gate(
      `route-${name}`,
      { servers: pulumi.all(members.map(({ key }) => key)), port },
      async () => {
        const hosts = await Promise.all(members.map(({ host }) => valueOf(host)));
        await this.#configuration.switchTo({
          upstream: name,
          servers: hosts.map((host) => `${host}:${port}`),
          host: host.replace("*", "any"),
          ...(check === undefined ? { path, good: "any" } : { path: check, good: "well" }),
          seconds: TRIAL_SECONDS,
        });
        if (startFirst) await this.#configuration.drained(drainSeconds);
      },
      after,
    );
  }

  /** The version of a front end. */
  files({ name, version, gate, retireOthers }: Files, after: pulumi.Resource[]): void {
    const serve = async () => this.#configuration.serve(name, await valueOf(version));
    retireOthers(this.#gate(`files-${name}`, { version }, serve, [...after, gate]));
  }

  #gate(
    what: string,
    key: Record<string, pulumi.Input<unknown>>,
    check: () => Promise<void>,
    dependsOn: pulumi.Resource[],
  ): pulumi.Resource {
    // Another container of the proxy is told everything again.
    return gate(`${this.#name}-${what}`, { proxy: this.#proxy.key, ...key }, check, {
      parent: this.#parent,
      dependsOn,
    });
  }
}

/** What has to be passed before a target is used. */
export const gatesOf = (targets: readonly Target[]) => targets.flatMap(({ gate }) => gate ?? []);

const hashOf = (text: string) => createHash("sha256").update(text).digest("hex");
