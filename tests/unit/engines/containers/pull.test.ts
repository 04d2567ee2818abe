import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { type EngineApi, engineApi } from "../../../../components/engines/containers/api.ts";
import { digestOf, pull } from "../../../../components/engines/containers/pull.ts";
import type { PullProgress } from "../../../../components/engines/engine.ts";
import { FakeDaemon } from "../../helpers/daemon.ts";

let daemon: FakeDaemon;
let api: EngineApi;
beforeEach(async () => {
  daemon = await new FakeDaemon().ready();
  api = engineApi({ host: daemon.host });
});
afterEach(() => daemon.close());

/** An environment in which nobody has signed in to a registry. */
const env = { DOCKER_CONFIG: "/nonexistent" };
const pulling = (ref: string, watch: Partial<Parameters<typeof pull>[2]> = {}) => {
  const seen: PullProgress[] = [];
  const done = pull(api, ref, { signal: new AbortController().signal, saw: (each) => seen.push(each), env, ...watch });
  return done.then(() => seen);
};
const answers = (...messages: object[]) => {
  daemon.routes["POST /images/create"] = { body: messages.map((each) => `${JSON.stringify(each)}\r\n`).join("") };
};
const layer = (id: string, status: string, current?: number, total?: number) => ({
  id,
  status,
  progressDetail: { current, total },
});

test.each([
  ["redis:8", "fromImage=redis:8"],
  ["redis", "fromImage=redis&tag=latest"],
  ["redis:8@sha256:0abc", "fromImage=redis:8&tag=sha256:0abc"],
  ["mirror:5000/library/redis", "fromImage=mirror:5000/library/redis&tag=latest"],
  ["mirror:5000/proxy/redis@sha256:0abc", "fromImage=mirror:5000/proxy/redis&tag=sha256:0abc"],
])("%s pulls exactly that image", async (ref, query) => {
  answers({ status: "Status: Downloaded newer image" });
  await pulling(ref);
  expect(daemon.requests).toEqual([`POST /images/create?${query}`]);
});

test("reports layers and bytes, once a second", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const [one, two, three] = ["aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"];
  const messages = [
    { id: "8", status: "Pulling from library/redis" },
    layer(one, "Pulling fs layer"),
    layer(two, "Already exists"),
    layer(three, "Waiting"),
    layer(one, "Downloading", 4_000_000, 10_000_000),
    layer(one, "Download complete"),
    layer(three, "Downloading", 1_000_000, 2_000_000),
    layer(one, "Extracting", 5, 10),
    layer(one, "Pull complete"),
  ];
  const fake = {
    async *pull() {
      for (const each of messages) {
        vi.advanceTimersByTime(600);
        yield each;
      }
    },
  } as unknown as EngineApi;
  const seen: number[][] = [];
  const saw = ({ layers, done, bytes, ofBytes }: PullProgress) => seen.push([done, layers, bytes, ofBytes]);
  await pull(fake, "redis:8", { signal: new AbortController().signal, saw, env });
  vi.useRealTimers();
  expect(seen).toEqual([
    [0, 0, 0, 0],
    [1, 2, 0, 0],
    [1, 2, 4_000_000, 10_000_000],
    [1, 3, 11_000_000, 12_000_000],
    [2, 3, 11_000_000, 12_000_000],
  ]);
});

const CASES: [string, string][] = [
  [
    "pull access denied for nosuch, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
    "docker.io refuses it, and nobody has signed in: `docker login`, and check its name",
  ],
  [
    "manifest for redis:nosuch not found: manifest unknown: manifest unknown",
    "docker.io does not have it: check its name and its tag",
  ],
  [
    'Get "https://nosuch.invalid/v2/": dial tcp: lookup nosuch.invalid on 10.0.0.53:53: no such host',
    "there is no host docker.io, or no DNS server that knows it",
  ],
  [
    'Get "http://127.0.0.1:9/v2/": dial tcp 127.0.0.1:9: connect: connection refused',
    "docker.io does not answer (connect: connection refused)",
  ],
  // A port and a digest may contain the digits of a status.
  [
    'Head "http://mirror:5401/v2/redis/manifests/sha256:0404": dial tcp 10.0.0.9:5401: connect: connection refused',
    "docker.io does not answer (connect: connection refused)",
  ],
  [
    'Get "https://registry-1.docker.io/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
    "docker.io does not answer (net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers))",
  ],
  [
    "toomanyrequests: You have reached your pull rate limit.",
    "docker.io allows no more pulls for now without signing in: `docker login`",
  ],
  [
    "write /var/lib/docker/tmp/x: no space left on device",
    "the engine's disk is full: `make prune` shows what could go",
  ],
  ["something\n  else.", "something else"],
  ["unknown: ", "docker.io does not say why"],
];

describe("fails with one sentence", () => {
  test.each(CASES)("at once: %s", async (message, why) => {
    daemon.routes["POST /images/create"] = { status: 500, body: { message } };
    await expect(pulling("redis:8@sha256:0abc", { instead: "Do." })).rejects.toThrow(
      new Error(`The image redis:8 cannot be pulled: ${why}. Do.`),
    );
  });

  test.each(CASES)("in the middle: %s", async (error, why) => {
    answers(layer("aaaaaaaaaaaa", "Pulling fs layer"), { error, errorDetail: { message: error } });
    await expect(pulling("redis:8")).rejects.toThrow(new Error(`The image redis:8 cannot be pulled: ${why}.`));
  });
});

test("fails with the last message, even without an end of line", async () => {
  daemon.routes["POST /images/create"] = { body: JSON.stringify({ error: "unknown: " }) };
  await expect(pulling("redis:8")).rejects.toThrow("cannot be pulled: docker.io does not say why.");
});

/** Answers with these messages, and then repeats the last one for ever. */
function stalls(...messages: object[]) {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  daemon.routes["POST /images/create"] = (_, response) => {
    response.once("close", resolve);
    for (const each of messages) response.write(`${JSON.stringify(each)}\n`);
    const again = setInterval(() => response.write(`${JSON.stringify(messages.at(-1))}\n`), 10);
    response.once("close", () => clearInterval(again));
  };
  return closed;
}

test.each([
  ["no more bytes", layer("aaaaaaaaaaaa", "Downloading", 1_000, 2_000)],
  ["retrying again and again", layer("aaaaaaaaaaaa", "Retrying in 5 seconds")],
])("gives up after a silence, and ends the engine's pull: %s", async (_, last) => {
  const closed = stalls(layer("aaaaaaaaaaaa", "Pulling fs layer"), last);
  await expect(pulling("mirror:5000/redis:8", { silentSeconds: 0.3 })).rejects.toThrow(
    new Error("The image mirror:5000/redis:8 cannot be pulled: no byte has come from mirror:5000 for 0.3 s."),
  );
  await closed;
});

test("gives up on an engine that does not answer", async () => {
  daemon.routes["POST /images/create"] = () => {};
  await expect(pulling("redis:8", { silentSeconds: 0.2 })).rejects.toThrow("no byte has come from docker.io for 0.2 s");
});

test("ends when the signal fires", async () => {
  const closed = stalls(layer("aaaaaaaaaaaa", "Downloading", 1_000, 2_000));
  const interrupted = new AbortController();
  const done = pulling("redis:8", {
    signal: interrupted.signal,
    saw: () => interrupted.abort(new Error("interrupted")),
  });
  await expect(done).rejects.toThrow(new Error("interrupted"));
  await closed;
});

test.each([
  ["what docker login has stored", "ann:secret", "sha256:abc"],
  [
    "no credentials",
    "",
    "The digest of mirror:5000/redis:8 cannot be read: mirror:5000 refuses it, and nobody has signed in: ",
  ],
  [
    "insufficient credentials",
    "ann:wrong",
    "The digest of mirror:5000/redis:8 cannot be read: mirror:5000 refuses it, and what docker login",
  ],
])("a digest is asked for with %s", async (_, stored, expected) => {
  const folder = mkdtempSync(join(tmpdir(), "stackyard-pull-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const auth = Buffer.from(stored).toString("base64");
  writeFileSync(join(folder, "config.json"), JSON.stringify(stored ? { auths: { "mirror:5000": { auth } } } : {}));
  daemon.routes["GET /distribution/mirror:5000/redis:8/json"] = ({ headers }, response) => {
    const given = Buffer.from(String(headers["x-registry-auth"] ?? ""), "base64url").toString();
    const known = given.includes('"username":"ann","password":"secret"');
    response.writeHead(known ? 200 : 401);
    response.end(JSON.stringify(known ? { Descriptor: { digest: "sha256:abc" } } : { message: "unauthorized" }));
  };
  const found = await digestOf(api, "mirror:5000/redis:8", { DOCKER_CONFIG: folder }).catch((error) => error.message);
  expect(found).toContain(expected);
});
