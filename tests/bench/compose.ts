import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type Docker from "dockerode";
import { docker, freePorts, inspect, type Ran, ROOT } from "../e2e/harness.ts";

/** compose.yaml as a project of its own name; and no trace afterwards. */
export class Compose {
  readonly name: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "stackyard-bench-"));
  readonly #env: Record<string, string>;

  /**
   * @param images names by variable: `POSTGRES_IMAGE`.
   * @param ports variables that want a port of the host.
   */
  static async create(name: string, images: Record<string, string>, ports: readonly string[]): Promise<Compose> {
    const free = await freePorts(ports.length);
    const env = { ...images, ...Object.fromEntries(ports.map((key, at) => [key, String(free[at])])) };
    const made = new Compose(name, env);
    // libpq takes its password file only where nobody but its own user may read it.
    const own = "chown 999:999 /secrets/pgpass && chmod 400 /secrets/pgpass";
    const mount = ["--volume", `${made.#folder}:/secrets`, "--user", "0"];
    const ran = await docker(["run", "--rm", ...mount, "--entrypoint", "sh", images.POSTGRES_IMAGE ?? "", "-c", own]);
    if (ran.code !== 0) throw new Error(ran.output);
    return made;
  }

  private constructor(name: string, env: Record<string, string>) {
    this.name = name;
    this.#env = { ...env, NEO4J_HOST: "0.0.0.0:0.0.0.0", SECRETS: this.#folder };
    for (const [file, text] of Object.entries(SECRETS)) writeFileSync(join(this.#folder, file), text, { mode: 0o444 });
  }

  #run(env: Record<string, string>, ...args: string[]): Promise<Ran> {
    return docker(["compose", "--project-name", this.name, "--file", join(ROOT, "tests/bench/compose.yaml"), ...args], {
      ...this.#env,
      ...env,
    });
  }

  /** @param host with the entry that Stackyard's Neo4j has in its /etc/hosts; otherwise with one that changes nothing. */
  up(host = true): Promise<Ran> {
    return this.#run(host ? {} : { NEO4J_HOST: "localhost:127.0.0.1" }, "up", "--wait");
  }

  down(): Promise<Ran> {
    return this.#run({}, "down", "--volumes", "--timeout", "10");
  }

  /** Ids by service. */
  async containers(): Promise<Record<string, string>> {
    const label = "com.docker.compose";
    const format = `{{.Label "${label}.service"}} {{.ID}}`;
    const filter = `label=${label}.project=${this.name}`;
    const { stdout } = await docker(["ps", "--all", "--no-trunc", "--filter", filter, "--format", format]);
    return Object.fromEntries(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.split(" ")),
    );
  }

  async dispose(): Promise<void> {
    const { code, output } = await this.down();
    rmSync(this.#folder, { recursive: true });
    if (code !== 0) throw new Error(output);
  }
}

const PASSWORD = "Q7mW2xT9bL4kZ8vR5nJ3cH6pD1sF0gYa";
const BASIC = Buffer.from(`neo4j:${PASSWORD}`).toString("base64");

/** What Stackyard's databases and setup jobs are handed, with a password of this bench. */
const SECRETS: Record<string, string> = {
  password: PASSWORD,
  pgpass: `*:*:*:*:${PASSWORD}\n`,
  "redis.conf": `requirepass "${PASSWORD}"\n`,
  "first-start.sh":
    "[ -d /data/databases/system ] || neo4j-admin dbms set-initial-password @/run/secrets/initial-password\n",
  "initial-password": `-- "${PASSWORD}"\n`,
  "probe.wgetrc": [
    `header = Authorization: Basic ${BASIC}`,
    "header = Content-Type: application/json",
    'post_data = {"statement":"RETURN 1"}',
    "output_document = -",
    "quiet = on",
    "timeout = 9",
    "tries = 1\n",
  ].join("\n"),
  "config.yaml": `service:\n  api_key: "${PASSWORD}"\n`,
  "root-user": "stackyard",
  "mc.env": `MC_HOST_server=http://stackyard:${PASSWORD}@minio:9000\n`,
  database_url: `postgresql://app:${PASSWORD}@postgres:5432/app`,
  cache_url: `redis://default:${PASSWORD}@redis:6379`,
  graph_url: `bolt://neo4j:${PASSWORD}@neo4j:7687`,
  vectors_url: "http://qdrant:6333",
  storage_url: `http://stackyard:${PASSWORD}@minio:9000`,
  models_url: "http://ollama:11434",
  all: ":source /run/files/1-graph.cypher\n",
  "collections.json": JSON.stringify({ notes: { size: 256, distance: "Cosine" } }),
};

/** What of a container decides how long it takes to get ready. Where each thing comes from (ids, names, ports of the host) does not. */
function effective({ Image, Config, HostConfig, NetworkSettings }: Docker.ContainerInspectInfo) {
  const { Healthcheck, Env, User, Entrypoint, Cmd } = Config as typeof Config & { Healthcheck?: object };
  const { Memory, MemorySwap, CpuShares, NanoCpus, PidsLimit, CapDrop, SecurityOpt, ReadonlyRootfs, Init } = HostConfig;
  return {
    image: Image,
    command: [Entrypoint ?? [], Cmd ?? []].flat(),
    user: User,
    env: Env.toSorted(),
    probe: Healthcheck,
    limits: { Memory, MemorySwap, CpuShares, NanoCpus, PidsLimit },
    rights: { CapDrop, SecurityOpt, ReadonlyRootfs, init: Init ?? false },
    hosts: HostConfig.ExtraHosts ?? [],
    tmpfs: Object.entries(HostConfig.Tmpfs ?? {}).toSorted(),
    restart: HostConfig.RestartPolicy?.Name,
    log: HostConfig.LogConfig,
    published: Object.keys(HostConfig.PortBindings ?? {}).toSorted(),
    networks: Object.keys(NetworkSettings.Networks).length,
  };
}

/**
 * Sees that containers of the same service are the same but for where they come from, without which their times say nothing.
 *
 * @param ours ids by service.
 * @param theirs ids by service.
 * @throws Error naming every difference.
 */
export async function same(ours: Record<string, string>, theirs: Record<string, string>): Promise<void> {
  const of = async (id: string | undefined) =>
    id === undefined ? undefined : effective(await inspect<Docker.ContainerInspectInfo>(id));
  const services = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].sort();
  const faults = await Promise.all(
    services.map(async (service) => {
      const [mine, other] = await Promise.all([of(ours[service]), of(theirs[service])]);
      if (!mine || !other) return [`${service}: only ${mine ? "ours has it" : "docker compose has it"}`];
      return (Object.keys(mine) as (keyof typeof mine)[])
        .filter((key) => !isDeepStrictEqual(mine[key], other[key]))
        .map((key) => `${service}: ${key} should be ${JSON.stringify(mine[key])}, got ${JSON.stringify(other[key])}`);
    }),
  );
  if (faults.flat().length > 0)
    throw new Error(`compose.yaml does not say what our stack is:\n${faults.flat().join("\n")}`);
}
