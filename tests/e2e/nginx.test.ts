import { randomBytes } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { Agent, type IncomingHttpHeaders, request } from "node:http";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { filesFile } from "../../components/app/proxy/files.ts";
import { generationFile, type Site, siteFile } from "../../components/app/proxy/site.ts";
import { CERTIFICATE, KEY, type Secured, TLS_FILE, tlsFile } from "../../components/app/proxy/tls.ts";
import { placeholderRoute, routeFile, type Servers } from "../../components/app/proxy/upstream.ts";
import { madeCertificate } from "../unit/helpers/certificate.ts";
import { type Named, routesOf } from "../unit/helpers/routes.ts";
import { docker, eventually, freePorts, inspect, localImage, ROOT } from "./harness.ts";

// What Nginx makes of the texts: the real one, with a tiny application behind it.

const RUN = `e2e-${randomBytes(4).toString("hex")}`;
const folder = mkdtempSync(join(tmpdir(), `stackyard-${RUN}-`));
const proxy = `${RUN}-proxy`;
const LABEL = `stackyard.test=${RUN}`;
const SERVER = readFileSync(join(ROOT, "tests/e2e/programs/upstream/server.mjs"), "utf8");
let port = 0;
let httpsPort = 0;

type Given = Omit<Site, "routes"> & { routes: Named[]; tls?: Secured & Site["tls"] };

const ROUTES: Given["routes"] = [
  { path: "/api/", upstream: "backend", webSocket: true, connectTimeoutSeconds: 1 },
  { path: "/strip/", upstream: "backend", stripPath: true },
  { path: "/", files: "frontend" },
];

/** Made before the first generation. */
const pair = { certificate: "", key: "" };

/** Writes a generation, and returns its folder in the container. */
function write(name: string, given: Partial<Given>, servers?: Servers): string {
  const site = { routes: ROUTES, ...given };
  const files = {
    "nginx.conf": siteFile({ ...site, routes: routesOf(site.routes) }),
    "generation.conf": generationFile(name),
    ...(given.tls ? { [TLS_FILE]: tlsFile(given.tls), [CERTIFICATE]: pair.certificate, [KEY]: pair.key } : {}),
    "routes/backend.conf": servers === undefined ? placeholderRoute("backend") : routeFile("backend", servers),
    "files/frontend.conf": filesFile("frontend", { current: "v2", previous: "v1" }),
  };
  for (const [path, text] of Object.entries(files)) {
    const file = join(folder, "generations", name, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return `/proxy/generations/${name}`;
}

let generations = 0;

/** Brings a generation into service, as a release does, and returns once it answers. */
async function serve(given: Partial<Given>, servers?: Servers): Promise<void> {
  const name = `g${generations++}`;
  write(name, given, servers);
  symlinkSync(`generations/${name}`, join(folder, "next"));
  renameSync(join(folder, "next"), join(folder, "current"));
  if (generations === 1) return;
  const { code, output } = await docker(["exec", proxy, "nginx", "-c", "/proxy/current/nginx.conf", "-s", "reload"]);
  expect(code, output).toBe(0);
  await eventually(async () => expect(await internal("/generation")).toBe(name), 10);
}

/** From the container itself: what its internal server answers. */
async function internal(path: string, candidate = ""): Promise<string> {
  const ask = `exec 3<>/dev/tcp/127.0.0.1/8081; printf 'GET %s HTTP/1.0\\r\\nHost: proxy\\r\\nX-Candidate: %s\\r\\n\\r\\n' "$0" "$1" >&3; cat <&3`;
  const { stdout } = await docker(["exec", proxy, "bash", "-c", ask, path, candidate]);
  return stdout.slice(stdout.indexOf("\r\n\r\n") + 4);
}

/** An application of this name, which is its address too; `host` is another address. */
async function application(name: string, host = name): Promise<string> {
  const { code, output } = await docker([
    ..."run --detach --init --label".split(" "),
    ...[LABEL, "--name", `${RUN}-${name}`, "--network", RUN, "--network-alias", host, "--env", `NAME=${name}`],
    ...[await localImage("node"), "node", "--input-type=module", "--eval", SERVER],
  ]);
  expect(code, output).toBe(0);
  return addressOf(name);
}

const addressOf = async (name: string) => {
  const { NetworkSettings } = await inspect<{ NetworkSettings: { Networks: Record<string, { IPAddress: string }> } }>(
    `${RUN}-${name}`,
  );
  return NetworkSettings.Networks[RUN]?.IPAddress ?? "";
};

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
}

/** By Node.js's own client, because fetch repeats some requests by itself. */
function ask(path: string, headers: Record<string, string> = {}, method = "GET", agent?: Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      host: "127.0.0.1",
      port,
      path,
      method,
      headers,
      ...(agent ? { agent } : { agent: false as const }),
    };
    request(options, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part: string) => (text += part));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
      answer.on("error", reject);
    })
      .on("error", reject)
      .end(method === "POST" ? "x" : undefined);
  });
}

/** The line of the access log with this id. */
const logged = (id: string) =>
  eventually(async () => {
    const { stdout } = await docker(["logs", proxy]);
    const line = stdout.split("\n").find((each) => each.includes(`"${id}"`));
    expect(line).toBeDefined();
    return JSON.parse(line ?? "") as Record<string, unknown>;
  }, 10);

const BACKEND = { servers: ["backend:5000"] };

beforeAll(async () => {
  [port = 0, httpsPort = 0] = await freePorts(2);
  chmodSync(folder, 0o755);
  for (const [path, text] of [
    ["v1/index.html", "one"],
    ["v1/assets/a-11111111.js", "old"],
    ["v2/index.html", "two"],
    ["v2/assets/a-22222222.js", "new"],
  ] as const) {
    mkdirSync(dirname(join(folder, "sites", path)), { recursive: true });
    writeFileSync(join(folder, "sites", path), text);
  }
  Object.assign(pair, madeCertificate("localhost"));
  await serve({}, BACKEND);
  expect((await docker(["network", "create", "--label", LABEL, RUN])).code).toBe(0);
  await application("backend");
  const { code, output } = await docker([
    ..."run --detach --read-only --user 101:101 --cap-drop ALL --security-opt no-new-privileges".split(" "),
    ..."--tmpfs /tmp:mode=1777 --label".split(" "),
    ...[
      LABEL,
      "--name",
      proxy,
      "--network",
      RUN,
      "--publish",
      `127.0.0.1:${port}:8080`,
      "--publish",
      `127.0.0.1:${httpsPort}:8443`,
    ],
    ...["--volume", `${folder}:/proxy:ro`, "--volume", `${folder}/sites:/sites/frontend:ro`],
    ...[await localImage("nginx"), "nginx", "-c", "/proxy/current/nginx.conf", "-g", "daemon off;"],
  ]);
  expect(code, output).toBe(0);
  await eventually(async () => expect((await ask("/api/")).status).toBe(200), 20);
});

afterAll(async () => {
  const { stdout } = await docker(["ps", "--all", "--quiet", "--filter", `label=${LABEL}`]);
  const ids = stdout.split("\n").filter((id) => id !== "");
  if (ids.length > 0) await docker(["rm", "--force", "--volumes", ...ids]);
  await docker(["network", "rm", RUN]);
  rmSync(folder, { recursive: true, force: true });
});

test("nginx -t passes every combination", async () => {
  const choices: Partial<Given>[][] = [
    [
      {},
      { tls: { redirect: false, challenged: "acme:5002" } },
      { tls: { redirect: true, hstsSeconds: 60, port: 8443 } },
    ],
    [{}, { maintenance: true }, { maintenance: `"Back" at \\ 5 o'clock: $5; } & <b>` }],
    [{}, { trustedProxies: ["10.0.0.0/8", "fd00::/8", "192.0.2.1"] }],
    [{}, { gzip: false, securityHeaders: false, unknownHosts: 444, workers: 1, drainSeconds: 1, keepaliveSeconds: 1 }],
    [
      {},
      { routes: [{ host: "a.example", upstream: "backend", snippet: "proxy_buffering off;" }] },
      {
        routes: [
          ...ROUTES,
          { host: "*.example.com", path: "/api/", upstream: "backend" },
          { host: "b.example", path: "/x.y/", files: "frontend", stripPath: true },
        ],
        snippet: "location = /robots.txt { return 200 'User-agent: *'; }",
      },
    ],
  ];
  const all = choices.reduce<Partial<Given>[]>(
    (made, options) => made.flatMap((one) => options.map((option) => ({ ...one, ...option }))),
    [{}],
  );
  const names = all.map((given, index) => {
    const servers = { ...BACKEND, next: ["a:1", "b:2"], candidates: ["a:1"] };
    return write(`t${index}`, given, index % 2 === 0 ? servers : undefined);
  });
  expect(names).toHaveLength(108);
  const tests = names.map((at) => `nginx -t -q -c ${at}/nginx.conf 2>&1 || echo failed: ${at}`).join("\n");
  // Silent, so without a warning too.
  expect((await docker(["exec", proxy, "sh", "-c", tests])).output).toBe("");
  const wrong = write("wrong", { snippet: "no_such_directive;" });
  expect((await docker(["exec", proxy, "nginx", "-t", "-c", `${wrong}/nginx.conf`])).output).toContain(
    "no_such_directive",
  );
});

test("an application gets the client's address, host and a request id, which the answer and the log have too", async () => {
  const own = `own-${RUN}`;
  const first = await ask("/api/x?token=hidden", { "X-Request-Id": own, "X-Forwarded-For": "6.6.6.6" });
  expect(first.headers["x-request-id"]).toBe(own);
  const { headers } = JSON.parse(first.text) as { headers: Record<string, string> };
  expect(headers).toMatchObject({
    "x-request-id": own,
    host: `127.0.0.1:${port}`,
    "x-forwarded-host": `127.0.0.1:${port}`,
    "x-forwarded-proto": "http",
  });
  expect(headers["x-forwarded-for"]).not.toContain("6.6.6.6");
  const line = await logged(own);
  expect(line).toMatchObject({
    method: "GET",
    path: "/api/x",
    status: 200,
    upstreamStatus: "200",
    client: headers["x-forwarded-for"],
  });
  expect(JSON.stringify(line)).not.toContain("hidden");
  const agent = `a"b\\c ${RUN}`;
  const bad = await ask("/api/", { "X-Request-Id": 'bad"} id', "User-Agent": agent });
  const made = String(bad.headers["x-request-id"]);
  expect(made).toMatch(/^[0-9a-f]{32}$/);
  expect(await logged(made)).toMatchObject({ agent });
});

test("security headers are there, and an application's own replace them", async () => {
  expect((await ask("/api/")).headers).toMatchObject({
    "x-content-type-options": "nosniff",
    "x-frame-options": "SAMEORIGIN",
    "content-security-policy": "frame-ancestors 'self'",
  });
  const { headers } = await ask("/api/own");
  expect(headers["x-frame-options"]).toBe("DENY");
  expect(headers["x-request-id"]).not.toContain("another");
});

test("a path's beginning can be stripped, and one without its last slash is redirected", async () => {
  expect(JSON.parse((await ask("/strip/x?y=1")).text)).toMatchObject({ url: "/x?y=1" });
  const { status, headers } = await ask("/api");
  expect([status, headers.location]).toEqual([301, "/api/"]);
});

test("a front end's pages are of the new version, and assets of the old one are still there", async () => {
  const page = await ask("/some/page");
  expect([page.status, page.text, page.headers["cache-control"], page.headers["x-content-type-options"]]).toEqual([
    200,
    "two",
    "no-cache",
    "nosniff",
  ]);
  const asset = await ask("/assets/a-11111111.js");
  expect([asset.text, asset.headers["cache-control"]]).toEqual(["old", "public, max-age=31536000, immutable"]);
  expect((await ask("/assets/a-22222222.js")).text).toBe("new");
  const none = await ask("/assets/a-33333333.js");
  expect([none.status, none.headers["cache-control"]]).toEqual([404, undefined]);
});

test("a web socket passes", async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/api/socket`);
  const echo = await new Promise((resolve, reject) => {
    socket.onopen = () => socket.send("hello");
    socket.onmessage = ({ data }) => resolve(data);
    socket.onerror = () => reject(new Error("no web socket"));
  });
  socket.close();
  expect(echo).toBe("hello");
});

test("a POST is sent once, also where the application goes away in the middle", async () => {
  await application("second");
  await serve({}, { servers: ["backend:5000", "second:5000"], maxFails: 0 });
  await eventually(async () => {
    const names = await Promise.all([1, 2, 3, 4].map(async () => JSON.parse((await ask("/api/")).text).name));
    expect(names).toContain("second");
  });
  for (const id of ["a", "b", "c", "d"]) expect((await ask("/api/cut", { "X-Post": id }, "POST")).status).toBe(502);
  const counts: Record<string, number> = {};
  const answers = new Set<string>();
  while (answers.size < 2) answers.add((await ask("/api/posts")).text);
  for (const text of answers)
    for (const [id, count] of Object.entries(JSON.parse(text) as Record<string, number>))
      counts[id] = (counts[id] ?? 0) + count;
  expect(counts).toEqual({ a: 1, b: 1, c: 1, d: 1 });
  // One that could not be sent is: nothing listens at the port of the first.
  await serve({}, { servers: ["backend:5009", "second:5000"], maxFails: 0 });
  await eventually(async () => expect((await ask("/api/")).status).toBe(200), 10);
  for (let times = 0; times < 6; times++) expect((await ask("/api/", {}, "POST")).status).toBe(200);
  await serve({}, BACKEND);
  await eventually(async () => expect((await ask("/api/")).status).toBe(200), 10);
});

test("maintenance answers everything but /health, as the client likes it", async () => {
  const text = `"Back" at \\ 5 o'clock: $5; } & <b>`;
  await serve({ maintenance: text }, BACKEND);
  const json = await ask("/api/", {}, "POST");
  expect([json.status, json.headers["content-type"], json.headers["retry-after"]]).toEqual([
    503,
    "application/json",
    "5",
  ]);
  expect(JSON.parse(json.text)).toEqual({ status: 503, error: text, id: json.headers["x-request-id"] });
  expect(await logged(String(json.headers["x-request-id"]))).toMatchObject({
    method: "POST",
    path: "/api/",
    status: 503,
  });
  const html = await ask("/", { Accept: "text/html,*/*" });
  expect([html.status, html.headers["content-type"]]).toEqual([503, "text/html; charset=utf-8"]);
  expect(html.text).toContain("5 o&#39;clock: &#36;5; } &#38; &#60;b>".replace("b>", "b&#62;"));
  expect((await ask("/health")).status).toBe(200);
  await serve({}, BACKEND);
});

test("HTTP leads to HTTPS, whose answers say that browsers should stay there", async () => {
  await serve({ tls: { redirect: true, port: httpsPort, hstsSeconds: 60 } }, BACKEND);
  const { status, headers } = await ask("/api/x?y=1", {}, "POST");
  expect([status, headers.location, headers["strict-transport-security"]]).toEqual([
    308,
    `https://127.0.0.1:${httpsPort}/api/x?y=1`,
    undefined,
  ]);
  expect((await ask("/health")).status).toBe(200);
  const secure = await new Promise<Answer>((resolve, reject) => {
    const options = {
      host: "127.0.0.1",
      port: httpsPort,
      path: "/api/",
      ca: pair.certificate,
      servername: "localhost",
    };
    httpsRequest(options, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part: string) => (text += part));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
    })
      .on("error", reject)
      .end();
  });
  expect([secure.status, secure.headers["strict-transport-security"]]).toEqual([200, "max-age=60"]);
  expect(JSON.parse(secure.text).headers).toMatchObject({
    "x-forwarded-proto": "https",
    host: `127.0.0.1:${httpsPort}`,
  });
  await serve({}, BACKEND);
});

test("a page stands in while the application is away, and it is found again at another address without a reload", async () => {
  const own = await ask("/api/broken");
  expect([own.status, JSON.parse(own.text).name]).toEqual([503, "backend"]);
  const before = await addressOf("backend");
  await docker(["rm", "--force", `${RUN}-backend`]);
  const away = await ask("/api/");
  expect([502, 504]).toContain(away.status);
  expect(JSON.parse(away.text)).toMatchObject({ status: away.status });
  expect((await ask("/")).status).toBe(200);
  // Takes the address that was freed.
  expect(await application("squatter")).toBe(before);
  expect(await application("again", "backend")).not.toBe(before);
  await eventually(async () => expect(JSON.parse((await ask("/api/")).text).name).toBe("again"), 15);
});

test("no request fails while servers are switched again and again", async () => {
  const sets = [
    ["old1", "old2"],
    ["new1", "new2"],
  ];
  for (const name of sets.flat()) await application(name);
  const servers = (set: string[] = []) => set.map((name) => `${name}:5000`);
  const seen = new Map<string, number>();
  const failures: string[] = [];
  let going = true;
  const client = async (agent?: Agent) => {
    for (let at = 0; going; at++) {
      const method = at % 3 === 0 ? "POST" : "GET";
      try {
        const { status, text } = await ask("/api/slow", {}, method, agent);
        const name = status === 200 ? String(JSON.parse(text).name) : "";
        if (name === "") failures.push(`${method}: ${status}`);
        seen.set(name, (seen.get(name) ?? 0) + 1);
      } catch (error) {
        failures.push(`${method}: ${(error as Error).message}`);
      }
    }
  };
  const candidate = async (set: string[] = []) =>
    eventually(async () => expect(set).toContain(JSON.parse(await internal("/", "backend_candidate")).name), 10);
  await serve({}, { servers: servers(sets[0]) });
  await eventually(async () => expect((await ask("/api/")).status).toBe(200), 10);
  const agent = new Agent({ keepAlive: true });
  const clients = [client(), client(), client(), client(agent), client(agent), client(agent)];
  for (let times = 0; times < 6; times++) {
    const [from, to] = times % 2 === 0 ? sets : [...sets].reverse();
    await serve({}, { servers: servers(from), next: servers(to), candidates: servers(to) });
    await candidate(to);
    await serve({}, { servers: servers(to) });
  }
  going = false;
  await Promise.all(clients);
  agent.destroy();
  expect(failures).toEqual([]);
  expect([...seen.keys()].sort()).toEqual(["new1", "new2", "old1", "old2"]);
});
