import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import type { Agent, ClientRequestArgs } from "node:http";
import { Duplex } from "node:stream";

// As in api.ts: an import would load everything that node:http exports.
const http = process.getBuiltinModule("node:http");

/** Also for the provider: a question that nobody could answer is an error, and connecting ends after 30 s. */
export const SSH_OPTIONS: readonly string[] = ["-o", "BatchMode=yes", "-o", "ConnectTimeout=30"];

/**
 * Carries the Engine API to a `ssh://` host as the docker CLI does: by this machine's own ssh, with its config, keys and known
 * hosts, which runs `docker system dial-stdio` over there. A connection is kept for the next request.
 */
export function sshAgent(host: string): typeof Agent {
  return class extends http.Agent {
    override createConnection({ timeout = 0 }: ClientRequestArgs): Duplex {
      return new SshConnection(host).setTimeout(timeout);
    }
  };
}

/** The arguments of ssh, and a command line to try the same by hand. */
function command(host: string): { args: string[]; tried: string } {
  const { username, hostname, port, pathname } = new URL(host);
  const to = [
    ...(username ? ["-l", decodeURIComponent(username)] : []),
    ...(port ? ["-p", port] : []),
    "--",
    hostname.replace(/^\[(.*)\]$/, "$1"),
  ];
  const socket = pathname.length > 1 ? ["--host", `unix://${pathname}`] : [];
  return {
    args: [...SSH_OPTIONS, "-T", ...to, "docker", ...socket, "system", "dial-stdio"],
    tried: ["ssh", ...to.filter((each) => each !== "--"), "docker", ...socket, "version"].join(" "),
  };
}

/** One ssh as a connection for HTTP. It ends with the connection, and with this process, which closes its input. */
class SshConnection extends Duplex {
  readonly #child: ChildProcessWithoutNullStreams;
  #stderr = "";
  /** As in a socket: in ms, and 0 for none. */
  timeout = 0;
  #limit: NodeJS.Timeout | undefined;

  constructor(host: string) {
    // Nothing is written any more once the other side has ended.
    super({ allowHalfOpen: false });
    const { args, tried } = command(host);
    // As the docker CLI does: Ctrl-C at a terminal goes to all of its group, and would end what has to be carried through. On Windows
    // it would open a window.
    const child = spawn("ssh", args, { detached: process.platform !== "win32" });
    this.#child = child;
    child.stdout.on("data", (bytes: Buffer) => {
      this.#limit?.refresh();
      if (!this.push(bytes)) child.stdout.pause();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (this.#stderr = (this.#stderr + text).slice(-2_000)));
    // ssh has ended; its exit code and messages tell why.
    child.stdin.on("error", () => {});
    child.once("error", (error) => this.destroy(new Error(`ssh does not run: ${error.message}`)));
    child.once("close", (code) => {
      if (code === 0) return void this.push(null);
      const why = this.#stderr.trim().split(/\r?\n/).at(-1) || `ended with exit code ${code}`;
      this.destroy(new Error(`ssh: ${why.replace(/^ssh: |\.$/g, "")}; \`${tried}\` has to work without a question`));
    });
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(bytes: Buffer, _: BufferEncoding, done: () => void): void {
    this.#limit?.refresh();
    this.#child.stdin.write(bytes, () => {
      this.#limit?.refresh();
      done();
    });
  }

  override _final(done: () => void): void {
    this.#child.stdin.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#limit);
    this.#child.kill();
    done(error);
  }

  // The rest of a socket that HTTP needs.
  setTimeout(ms: number, listener?: () => void): this {
    clearTimeout(this.#limit);
    if (listener) this.once("timeout", listener);
    this.timeout = ms;
    this.#limit = ms > 0 ? setTimeout(() => this.emit("timeout"), ms).unref() : undefined;
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  /** A connection that waits for the next request does not keep the process alive. */
  ref(): this {
    return this.#each("ref");
  }

  unref(): this {
    return this.#each("unref");
  }

  #each(what: "ref" | "unref"): this {
    const { stdin, stdout, stderr } = this.#child as unknown as Record<string, { ref(): void; unref(): void }>;
    for (const each of [this.#child, stdin, stdout, stderr]) each?.[what]();
    return this;
  }
}
