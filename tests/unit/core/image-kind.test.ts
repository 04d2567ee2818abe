import { expect, test } from "vitest";
import type { ImageConfig } from "../../../components/engines/engine.ts";
import { Minio, Neo4j, Ollama, type Platform, Postgres, Qdrant, Redis } from "../../../components/index.ts";
import { FakeEngine } from "../helpers/engine.ts";
import { deploy } from "../helpers/stack.ts";

// As the engine shows them. https://github.com/docker-library/docs has what the official ones say of themselves.
const NODE: ImageConfig = {
  ports: [],
  env: ["PATH=/usr/local/bin:/usr/bin:/bin", "NODE_VERSION=24.11.1", "YARN_VERSION=1.22.22"],
  words: ["docker-entrypoint.sh", "node"],
};
const POSTGIS = {
  ports: [5432],
  env: ["PATH=/usr/bin:/bin", "PG_MAJOR=17", "PGDATA=/var/lib/postgresql/data", "POSTGIS_MAJOR=3"],
  words: ["docker-entrypoint.sh", "postgres", "/var/lib/postgresql/data"],
};
const VALKEY = {
  ports: [6379],
  env: ["PATH=/usr/bin:/bin"],
  words: ["docker-entrypoint.sh", "valkey-server", "/data"],
};
const WITHOUT_PORT = { ports: [], env: ["PATH=/usr/bin:/bin"], words: ["./qdrant", "/qdrant"] };

type Made = (platform: Platform, image: string) => Postgres | Redis | Minio | Neo4j | Ollama | Qdrant;
const KINDS: [kind: string, made: Made, lacks: string, like: string][] = [
  ["Postgres", (platform, image) => new Postgres("d", { platform, image }), "it has no variable PGDATA", "postgres:17"],
  ["Redis", (platform, image) => new Redis("d", { platform, image }), neither(6379, "redis"), "redis:8"],
  [
    "Minio",
    (platform, image) => new Minio("d", { platform, image }),
    neither(9000, "minio"),
    "quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z",
  ],
  ["Neo4j", (platform, image) => new Neo4j("d", { platform, image }), neither(7687, "neo4j"), "neo4j:5.26-community"],
  [
    "Ollama",
    (platform, image) => new Ollama("d", { platform, image }),
    neither(11_434, "ollama"),
    "ollama/ollama:0.17.4",
  ],
  [
    "Qdrant",
    (platform, image) => new Qdrant("d", { platform, image }),
    neither(6333, "qdrant"),
    "qdrant/qdrant:v1.19.0-unprivileged",
  ],
];

function neither(port: number, word: string): string {
  return `it neither exposes port ${port} nor names ${word} in its variables, command, folders or labels`;
}

/** @param configs what images on the engine say of themselves, by reference. */
function engineWith(configs: Record<string, ImageConfig>) {
  const engine = new FakeEngine();
  for (const [ref, config] of Object.entries(configs)) engine.configs.set(ref, config);
  return engine;
}

const without = (lacks: string, like: string) =>
  `${lacks}, as ${like} and images made from it do. Set \`image\` to such a one, or leave it out.`;

test.each(KINDS)(
  "%s: an image of another kind is refused before anything is registered",
  async (kind, made, lacks, like) => {
    const engine = engineWith({ "node:24-slim": NODE });
    await expect(deploy((platform) => made(platform, "node:24-slim"), { engine })).rejects.toThrow(
      `${kind} "d": node:24-slim is not an image of ${kind}: ${without(lacks, like)}`,
    );
  },
);

test.each(KINDS)(
  "%s: one that is not on the engine yet is refused before its container is made",
  async (kind, made, lacks, like) => {
    const engine = new FakeEngine();
    const stack = await deploy((platform) => made(platform, "node:24-slim"), { engine });
    expect(stack.waitsFor("Container d", "Stash d-image")).toBe(true);
    expect(stack.waitsFor("Stash d-image", "RemoteImage image-node-24-slim")).toBe(true);
    await stack.run("d-image");
    engine.configs.set("sha256:image-node-24-slim", NODE);
    await expect(stack.run("d-image")).rejects.toThrow(
      `${kind} "d": node:24-slim is not an image of ${kind}: ${without(lacks, like)}`,
    );
  },
);

test.each<[string, Made, ImageConfig]>([
  ["a derivative", (platform, image) => new Postgres("d", { platform, image }), POSTGIS],
  ["another server of the same kind", (platform, image) => new Redis("d", { platform, image }), VALKEY],
  ["one that exposes no port", (platform, image) => new Qdrant("d", { platform, image }), WITHOUT_PORT],
])("%s passes", async (_, made, config) => {
  const engine = engineWith({ "own:1": config });
  const stack = await deploy((platform) => made(platform, "own:1"), { engine });
  engine.configs.set("sha256:image-own-1", config);
  await stack.run("d-image");
});

test("one database's image is none of another's", async () => {
  const engine = engineWith({ "postgis/postgis:17": POSTGIS });
  await expect(
    deploy((platform) => new Redis("d", { platform, image: "postgis/postgis:17" }), { engine }),
  ).rejects.toThrow('Redis "d": postgis/postgis:17 is not an image of Redis');
});

test("an image that its `build` makes is checked too, and one of its own is not", async () => {
  const engine = new FakeEngine();
  const stack = await deploy(
    (platform) => {
      new Postgres("built", { platform, build: { context: "examples/api" } });
      new Postgres("own", { platform });
    },
    { engine },
  );
  expect(stack.keys).toContain("Stash built-image");
  expect(stack.keys).not.toContain("Stash own-image");
  engine.configs.set("sha256:built-image", NODE);
  await expect(stack.run("built-image")).rejects.toThrow(
    'Postgres "built": what its `build` makes is not an image of Postgres: it has no variable PGDATA, as postgres:17 and images made ' +
      "from it do. Base its Dockerfile on postgres:17, or leave it out.",
  );
});
