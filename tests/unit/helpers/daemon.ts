import { mkdtempSync, rmSync } from "node:fs";
import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
}
type Route = Answer | ((request: IncomingMessage, response: ServerResponse) => void);

/** A Docker engine's HTTP side on a socket of its own: gives the test's answers, 404 to all else, and records the requests. */
export class FakeDaemon {
  readonly host: string;
  /** `METHOD /path?query`, in order. */
  readonly requests: string[] = [];
  /** The bodies of the requests: JSON parsed, all else as bytes. */
  readonly bodies: unknown[] = [];
  /** By `METHOD /path`, without the query. */
  readonly routes: Record<string, Route> = {};
  readonly #folder = mkdtempSync(join(tmpdir(), "stackyard-daemon-"));
  readonly #server: Server;

  constructor() {
    const socket = join(this.#folder, "docker.sock");
    this.host = `unix://${socket}`;
    // An engine keeps idle connections. Node.js would close them after 5 s, for which a busy machine may need no pause at all.
    const options = { keepAliveTimeout: 0 };
    this.#server = createServer(options, (request, response) => void this.#answer(request, response)).listen(socket);
  }

  async ready(): Promise<this> {
    if (!this.#server.listening) await new Promise<void>((resolve) => this.#server.once("listening", resolve));
    return this;
  }

  /** Starts again, as an engine does. */
  hangUp(): void {
    this.#server.closeAllConnections();
  }

  async close(): Promise<void> {
    // Requests that came before this one are answered before it.
    const socketPath = this.host.slice("unix://".length);
    await new Promise((resolve) => get({ socketPath, path: "/_last" }, (last) => last.resume().on("end", resolve)));
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // The client library ends some paths with an empty query.
    const url = decodeURIComponent(request.url ?? "").replace(/[?&]$/, "");
    this.requests.push(`${request.method} ${url}`);
    const sent = Buffer.concat(await Array.fromAsync<Buffer>(request));
    const json = request.headers["content-type"]?.startsWith("application/json") ?? false;
    this.bodies.push(sent.length === 0 ? undefined : json ? JSON.parse(sent.toString("utf8")) : sent);
    const route = this.routes[`${request.method} ${url.split("?")[0]}`] ?? {
      status: 404,
      body: { message: "not there" },
    };
    if (typeof route === "function") return route(request, response);
    const { status = 200, headers = {}, body } = route;
    response.writeHead(status, headers);
    response.end(Buffer.isBuffer(body) || typeof body === "string" || body === undefined ? body : JSON.stringify(body));
  }
}

/** A piece of a log as the engine sends it: which stream, how long, and the text. */
export function logged(stream: "stdout" | "stderr", text: string): Buffer {
  const bytes = Buffer.from(text);
  const header = Buffer.alloc(8);
  header.writeUInt8(stream === "stdout" ? 1 : 2);
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}
