import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename } from "node:path/posix";
import { ExecError, type Member, PROBE_PROGRAM } from "../../core/member.ts";
import { filesFile, versionsIn } from "./files.ts";
import { INTERNAL_PORT } from "./site.ts";
import { CERTIFICATE, KEY, TLS_FILE } from "./tls.ts";
import { CANDIDATE, routeFile, serversIn } from "./upstream.ts";

const script = (name: string) => readFileSync(new URL(`${name}.sh`, import.meta.url), "utf8");
const [CHANGE, TRY, DRAIN] = [script("change"), script("try"), script("drain")];

/** How start.sh begins what it says where Nginx refuses all that is in the volume. */
const LOST = "its configuration was lost";

/** One step of a change. See change.sh. */
export type Step = readonly ["put" | "default" | "take" | "only", path: string, text: string];

/** What has to be true of a release before requests are sent to it. */
export interface Trial {
  /** `backend`, as in its route. */
  upstream: string;
  /** The new servers, each `ADDRESS:PORT`. */
  servers: readonly string[];
  host: string;
  path: string;
  /** Whether any answer of the application is good, or only a status of 200 to 399. */
  good: "any" | "well";
  seconds: number;
}

/**
 * The configuration of a running proxy, on its volume. Each change is a generation of its own, which Nginx has tested before it
 * takes it on. Requests in flight are finished under the generation that they began with.
 */
export class Configuration {
  readonly #proxy: Member;
  /** For messages: `ReverseProxy "proxy"`. */
  readonly #subject: string;
  #last: Promise<unknown> = Promise.resolve();

  constructor(proxy: Member, subject: string) {
    this.#proxy = proxy;
    this.#subject = subject;
  }

  /** @throws Error with what Nginx says against it; then the one before is in force. Or with what to do where all was lost. */
  change(...steps: Step[]): Promise<void> {
    return this.#change(steps);
  }

  /** Has a certificate used from now on. @throws Error as `change`. */
  secure(server: string, certificate: string, key: string): Promise<void> {
    const steps: Step[] = [
      ["put", TLS_FILE, server],
      ["take", CERTIFICATE, basename(CERTIFICATE)],
      ["take", KEY, basename(KEY)],
    ];
    return this.#change(steps, { [basename(CERTIFICATE)]: certificate, [basename(KEY)]: key });
  }

  #change(steps: readonly Step[], handed: Record<string, string> = {}): Promise<void> {
    const name = randomBytes(6).toString("hex");
    return this.#inTurn(async () => {
      if (Object.keys(handed).length > 0) await this.#proxy.put("/proxy", handed);
      try {
        await this.#run(CHANGE, name, PROBE_PROGRAM, ...steps.flat());
      } catch (error) {
        if (!(error instanceof ExecError)) throw error;
        if (error.message.startsWith(LOST)) throw new Error(`${this.#subject}: ${error.message}`);
        throw new Error(
          `${this.#subject}: Nginx refuses its new configuration, and the one before is in force:\n${error.message}\n` +
            "Mend what it names, and run `up` again.",
        );
      }
    });
  }

  /** The servers that requests for an upstream are sent to. */
  async servers(upstream: string): Promise<string[]> {
    return serversIn(await this.#read(`routes/${upstream}.conf`));
  }

  /**
   * Sends all new requests for an upstream to other servers, once each of them has given a good answer through the proxy.
   *
   * @throws Error with the last answer; then the servers before serve on.
   */
  async switchTo(trial: Trial): Promise<void> {
    const { upstream, servers } = trial;
    const file = `routes/${upstream}.conf`;
    const before = await this.servers(upstream);
    if (before.join() !== servers.join()) {
      await this.change(["put", file, routeFile(upstream, { servers: before, next: servers, candidates: servers })]);
      try {
        await this.#try(trial);
      } catch (error) {
        await this.change(["put", file, routeFile(upstream, { servers: before })]);
        throw error;
      }
    }
    await this.change(["put", file, routeFile(upstream, { servers })]);
  }

  /** Has a front end's new version served; files of the one before are there for pages that are open. */
  async serve(frontend: string, version: string): Promise<void> {
    const file = `files/${frontend}.conf`;
    const { current, previous } = versionsIn(await this.#read(file)) ?? {};
    const before = current === version ? previous : current;
    const versions = { current: version, ...(before === undefined ? {} : { previous: before }) };
    await this.change(["put", file, filesFile(frontend, versions)]);
  }

  /** Waits until what was in flight at earlier changes has been answered. */
  async drained(seconds: number): Promise<void> {
    await this.#run(DRAIN, String(seconds));
  }

  async #try({ upstream, servers, host, path, good, seconds }: Trial): Promise<void> {
    const of = [`${upstream}${CANDIDATE}`, host, path, String(servers.length), good, String(seconds)];
    try {
      await this.#run(TRY, PROBE_PROGRAM, String(INTERNAL_PORT), ...of);
    } catch (error) {
      if (!(error instanceof ExecError)) throw error;
      throw new Error(
        `${this.#subject}: the new "${upstream}" does not answer ${path} through the proxy within ${seconds} s, and gets no ` +
          `requests; what served before serves on. Its last answer:\n${error.message}\nMend the cause and run \`up\` again.`,
      );
    }
  }

  /** One change after the other: each begins with the generation of the one before. */
  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(act, act);
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Empty where the configuration was lost, which the change that follows refuses. */
  async #read(file: string): Promise<string> {
    try {
      return await this.#proxy.exec(["cat", `/proxy/current/${file}`]);
    } catch (error) {
      if (error instanceof ExecError) return "";
      throw error;
    }
  }

  #run = (script: string, ...args: string[]) => this.#proxy.exec(["sh", "-c", script, "sh", ...args]);
}
