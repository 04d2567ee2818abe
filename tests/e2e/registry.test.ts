import { createHash, randomBytes } from "node:crypto";
import {
  appendFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "redis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pull } from "../../components/engines/containers/pull.ts";
import { api, copyOfProject, docker, freePorts, localImage, polyglotSettings, ROOT, TestStack } from "./harness.ts";

// Images from a container registry of the test's own, with a copy of the project, because its lock file changes.

const copy = copyOfProject();
const stack = new TestStack(copy);
const made: string[] = [];
let registry: Awaited<ReturnType<typeof startRegistry>>;
let urls: Record<string, string>;

beforeAll(async () => {
  registry = await startRegistry();
  // The test's registry has only the images that this stack uses.
  writeFileSync(
    join(copy, "images.lock.json"),
    JSON.stringify({ "node:24-slim": "", "postgres:17": "", "redis:8": "" }),
  );
  for (const [name, tag] of [
    ["postgres", "17"],
    ["redis", "8"],
    ["node", "24-slim"],
  ] as const)
    await publish(name, tag);
  const { settings } = await polyglotSettings({ imageSource: "registry", imageMirror: registry.host });
  await stack.create(settings);
});

afterAll(async () => {
  const images = (await stack.containers()).map(({ image }) => image);
  await stack.dispose();
  await registry.close();
  rmSync(copy, { recursive: true });
  const all = (await docker(["image", "ls", "--quiet", "--no-trunc", `${registry.host}/library/*`])).stdout.split("\n");
  const ids = new Set([...images, ...made, ...all].filter((id) => id !== ""));
  await docker(["image", "rm", "--force", ...ids]);
});

test("the lock file gets the digests that the registry has", async () => {
  const { code, output } = await stack.verb("lock", { mirror: registry.host });
  expect(code, output).toBe(0);
  expect(lock()).toEqual({
    "node:24-slim": registry.digest("library/node", "24-slim"),
    "postgres:17": registry.digest("library/postgres", "17"),
    "redis:8": registry.digest("library/redis", "8"),
  });
});

test("up pulls by digest from the mirror, and shows it", async () => {
  const { code, output } = await stack.verb("up");
  expect(code, output).toBe(0);
  for (const image of ["postgres:17", "redis:8", "node:24-slim"]) {
    const lines = output.split("\n").filter((line) => line.startsWith(`${registry.host}/library/${image}: `));
    const progress = lines.map((line) =>
      line.slice(`${registry.host}/library/${image}: `.length).replace(/[\d.]+/g, "N"),
    );
    expect(progress.filter((line) => !line.startsWith("pulling N of"))).toEqual(["pulling", "done after N s"]);
  }
  urls = await stack.outputs("urls");
  for (const [service, name] of [
    ["postgres", "postgres"],
    ["redis", "redis"],
    ["postgres-setup", "postgres"],
  ] as const) {
    expect(await digestOf(service), service).toBe(
      `${registry.host}/library/${name}@${lock()[`${name}:${tagOf[name]}`]}`,
    );
  }
  for (const name of ["postgres", "redis", "node"] as const) {
    const asked = registry.asked.filter((line) => line.startsWith(`GET /v2/library/${name}/`));
    expect(asked).toContain(`GET /v2/library/${name}/manifests/${registry.digest(`library/${name}`, tagOf[name])}`);
    expect(asked.filter((line) => line.includes("/blobs/")).length, name).toBeGreaterThan(0);
  }
  const response = await fetch(`${urls.api}/notes`);
  expect(response.status).toBe(200);
  await redis("SET", "kept", "yes");
});

test("a tag that moves in the registry changes nothing here", async () => {
  const before = await stack.state();
  await publish("redis", "8");
  expect(registry.digest("library/redis", "8")).not.toBe(lock()["redis:8"]);
  await up("--refresh", "--expect-no-changes");
  expect(await stack.state()).toEqual(before);
});

test("a new digest in the lock file replaces the database's container, and nothing else", async () => {
  const before = await stack.state();
  const { code, output } = await stack.verb("lock", { mirror: registry.host });
  expect(code, output).toBe(0);
  expect(output).toContain(`redis:8 ${registry.digest("library/redis", "8")} (new)\n`);
  expect(await stack.planned()).toEqual(
    ["Container redis", "RemoteImage image-redis-8", "Stash redis-ready"].map((key) => `replace ${key}`),
  );

  // A failed pull removes nothing.
  registry.wants = "ann:secret";
  const refused = await stack.verb("up", signedIn("ann:wrong"));
  expect(refused.code).not.toBe(0);
  expect(refused.output.match(/^.*cannot be pulled.*$/gm)).toEqual([
    `error: The image ${registry.host}/library/redis:8 cannot be pulled: ${registry.host} refuses it, and what docker ` +
      `login has stored for it is not enough: \`docker login ${registry.host}\`, and check its name. Set \`imageMirror\` to a ` +
      "container registry that has it and answers; a site that reaches none builds the images from package registries " +
      "(`imageSource: packages`; a stack without data takes that on after `make clean`).",
  ]);
  expect(await redis("GET", "kept")).toBe("yes");

  const asked = (env: NodeJS.ProcessEnv = {}) => stack.verb("lock", { mirror: registry.host, ...env });
  const unsigned = await asked();
  expect(unsigned.code).toBe(1);
  expect(unsigned.output).toContain(
    `The digest of ${registry.host}/library/redis:8 cannot be read: ${registry.host} refuses it, and nobody has signed in: `,
  );
  expect((await asked(signedIn("ann:secret"))).code).toBe(0);

  const { code: done, output: shown } = await stack.up(signedIn("ann:secret"));
  expect(done, shown).toBe(0);
  registry.wants = "";
  expect(await digestOf("redis")).toBe(`${registry.host}/library/redis@${registry.digest("library/redis", "8")}`);
  const after = await stack.state();
  expect(after["Volume redis-data"]).toBe(before["Volume redis-data"]);
  expect(await redis("GET", "kept")).toBe("yes");
});

test("a pull ends when no byte comes any more", async () => {
  await publish("redis", "8");
  registry.stalls = true;
  const ref = `${registry.host}/library/redis:8`;
  await expect(
    pull(api, ref, { signal: new AbortController().signal, saw: () => {}, silentSeconds: 3 }),
  ).rejects.toThrow(new Error(`The image ${ref} cannot be pulled: no byte has come from ${registry.host} for 3 s.`));
  registry.stalls = false;
  await pull(api, ref, { signal: new AbortController().signal, saw: () => {} });
  expect(await api.hasImage(ref)).toBe(true);
});

test.each([
  [
    "a tag",
    () => `${registry.host}/library/redis:nosuch`,
    () => `${registry.host} does not have it: check its name and its tag`,
  ],
  ["a host", () => "nosuch.invalid/redis:8", () => "there is no host nosuch.invalid, or no DNS server that knows it"],
])("%s that does not exist is reported in one sentence", async (_, ref, why) => {
  await expect(pull(api, ref(), { signal: new AbortController().signal, saw: () => {} })).rejects.toThrow(
    new Error(`The image ${ref()} cannot be pulled: ${why()}.`),
  );
});

test("a build pulls its bases with what docker login has stored, and sees the proxies of Docker's configuration", async () => {
  const jobs = ["named", "unnamed"];
  for (const tag of jobs) await publish("redis", tag);
  registry.wants = "ann:secret";
  const builds = new TestStack(join(ROOT, "tests/e2e/programs/private"));
  const proxies = { default: { httpsProxy: "http://proxy.invalid:3128", noProxy: registry.host } };
  try {
    await builds.create(Object.fromEntries(jobs.map((tag) => [tag, `${registry.host}/library/redis:${tag}`])));
    const refused = await builds.up(signedIn("ann:wrong"));
    expect(refused.code).not.toBe(0);
    for (const tag of jobs) expect(refused.output).toContain(`${registry.host}/library/redis:${tag}`);
    expect(refused.output).not.toContain("built with");
    expect(refused.output).not.toContain("ann:");

    const { code, output } = await builds.up(signedIn("ann:secret", { proxies }));
    expect(code, output).toBe(0);
    // Proxies belong to this machine: they are neither in the state nor in the image's name.
    for (const job of jobs) {
      const { id, image } = await builds.container(job);
      made.push(image);
      const line = `built with proxy http://proxy.invalid:3128, and none for ${registry.host}\n`;
      expect((await docker(["logs", id])).stdout).toBe(line);
      expect((await docker(["image", "history", "--no-trunc", image])).output).not.toContain("proxy.invalid");
      expect((await docker(["image", "inspect", image])).output).not.toContain("proxy.invalid");
    }
    expect(JSON.stringify(builds.resources())).not.toContain("proxy.invalid");
    await builds.unchanged(signedIn("ann:secret"));
  } finally {
    registry.wants = "";
    await builds.dispose();
  }
});

test("without a registry in reach, everything stays as it is", async () => {
  await registry.close();
  await up("--refresh", "--expect-no-changes");
});

/** Writes the configuration as `docker login` does. */
function signedIn(credentials: string, more: object = {}): Record<string, string> {
  const folder = join(copy, "docker-config");
  mkdirSync(folder, { recursive: true });
  const auths = { [registry.host]: { auth: Buffer.from(credentials).toString("base64") } };
  writeFileSync(join(folder, "config.json"), JSON.stringify({ auths, ...more }));
  return { DOCKER_CONFIG: folder };
}

const tagOf = { postgres: "17", redis: "8", node: "24-slim" };

const lock = () => JSON.parse(readFileSync(join(copy, "images.lock.json"), "utf8")) as Record<string, string>;

async function up(...flags: string[]): Promise<void> {
  const { code, output } = await stack.up({}, ...flags);
  expect(code, output).toBe(0);
}

/** The name and digest by which the image of a service's container was pulled. */
async function digestOf(service: string): Promise<string> {
  const { image } = await stack.container(service);
  const { stdout } = await docker(["image", "inspect", "--format", '{{join .RepoDigests " "}}', image]);
  return stdout.split(/\s/).find((ref) => ref.startsWith(registry.host)) ?? stdout;
}

async function redis(...command: string[]): Promise<unknown> {
  const client = createClient({ url: urls.redis ?? "" });
  await client.connect();
  try {
    return await client.sendCommand(command);
  } finally {
    client.destroy();
  }
}

/** Pushes an image with a layer of its own, and removes it here, so that it has to be pulled. */
async function publish(name: "postgres" | "redis" | "node", tag: string): Promise<void> {
  const ref = `${registry.host}/library/${name}:${tag}`;
  const call = async (...args: string[]) => {
    const { code, output, stdout } = await docker(args);
    expect(code, output).toBe(0);
    return stdout.trim();
  };
  const container = await call("create", await localImage(name));
  try {
    const file = join(copy, "made-by-a-test");
    appendFileSync(file, randomBytes(100_000));
    await call("cp", file, `${container}:/made-by-a-test`);
    made.push(await call("commit", container, ref));
  } finally {
    await call("rm", "--volumes", container);
  }
  await call("push", "--quiet", ref);
  await call("image", "rm", ref);
}

/**
 * As much of a container registry as push and pull need: https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md
 */
async function startRegistry() {
  const folder = mkdtempSync(join(tmpdir(), "stackyard-e2e-registry-"));
  mkdirSync(join(folder, "uploads"));
  mkdirSync(join(folder, "blobs"));
  const manifests = new Map<string, { type: string; content: Buffer; digest: string }>();
  const asked: string[] = [];
  /** `wants`: the `user:password` that it requires. `stalls`: sends only the beginning of everything. */
  const behaviour = { wants: "", stalls: false };
  const sha256 = (content: Buffer) => `sha256:${createHash("sha256").update(content).digest("hex")}`;
  const blob = (digest: string) => join(folder, "blobs", digest.replace(":", "-"));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://registry");
    asked.push(`${request.method} ${pathname}`);
    const send = (status: number, headers: Record<string, string | number> = {}, content?: Buffer) =>
      void response.writeHead(status, headers).end(request.method === "HEAD" ? undefined : content);
    const fail = (status: number, code: string, message: string, headers = {}) =>
      send(
        status,
        { "content-type": "application/json", ...headers },
        Buffer.from(JSON.stringify({ errors: [{ code, message }] })),
      );
    const [, repository = "", kind, reference = ""] = /^\/v2\/(.+)\/(blobs|manifests)\/(.*)$/.exec(pathname) ?? [];

    const basic = `Basic ${Buffer.from(behaviour.wants).toString("base64")}`;
    if (behaviour.wants !== "" && request.headers.authorization !== basic)
      return fail(401, "UNAUTHORIZED", "authentication required", { "www-authenticate": 'Basic realm="a test"' });
    if (pathname === "/v2/") return send(200);
    if (kind === "manifests" && request.method === "PUT") {
      const content = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>));
      const digest = sha256(content);
      const manifest = { type: String(request.headers["content-type"]), content, digest };
      for (const each of [reference, digest]) manifests.set(`${repository} ${each}`, manifest);
      return send(201, { location: pathname, "docker-content-digest": digest });
    }
    if (kind === "manifests") {
      const found = manifests.get(`${repository} ${reference}`);
      if (!found) return fail(404, "MANIFEST_UNKNOWN", "manifest unknown");
      const { type, content, digest } = found;
      return send(
        200,
        { "content-type": type, "content-length": content.length, "docker-content-digest": digest },
        content,
      );
    }
    if (kind === "blobs" && reference.startsWith("uploads/")) {
      const upload = join(folder, reference === "uploads/" ? `uploads/${randomBytes(8).toString("hex")}` : reference);
      appendFileSync(upload, "");
      for await (const chunk of request) appendFileSync(upload, chunk as Buffer);
      const digest = searchParams.get("digest");
      if (request.method === "PUT" && digest) {
        renameSync(upload, blob(digest));
        return send(201, { location: `/v2/${repository}/blobs/${digest}`, "docker-content-digest": digest });
      }
      const location = `/v2/${repository}/blobs/uploads/${upload.split("/").at(-1)}`;
      return send(202, { location, range: `0-${Math.max(0, statSync(upload).size - 1)}` });
    }
    if (kind === "blobs" && existsSync(blob(reference))) {
      const headers = { "content-length": statSync(blob(reference)).size, "docker-content-digest": reference };
      if (request.method === "HEAD") return send(200, headers);
      response.writeHead(200, headers);
      if (behaviour.stalls) return void createReadStream(blob(reference), { end: 999 }).pipe(response, { end: false });
      createReadStream(blob(reference)).pipe(response);
      return;
    }
    send(404);
  }

  const [port] = await freePorts(1);
  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => response.writeHead(500).end(error.message));
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return Object.assign(behaviour, {
    host: `127.0.0.1:${port}`,
    /** Method and path of each request. */
    asked,
    digest: (repository: string, tag: string) => manifests.get(`${repository} ${tag}`)?.digest ?? "",
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  });
}
