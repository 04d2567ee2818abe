import { beforeEach, describe, expect, test, vi } from "vitest";
import { program } from "../../stacks/polyglot.ts";
import { type Known, modelOf, type Resource } from "../bench/model.ts";
import { polyglotSettings } from "./helpers/programs.ts";
import { deploy, idOf } from "./helpers/stack.ts";

// The compose file that `make bench` measures beside is made out of the stack: here, of what it asks for under mocks.

const KNOWN: Known = {
  pids: (service) => service.length,
  port: (ours) => ours + 10_000,
  copy: (service, folder) => `copy-of-${service}:${folder}`,
};

beforeEach(() => {
  vi.stubEnv("NODE_EXTRA_CA_CERTS", undefined);
  vi.stubEnv("SSL_CERT_FILE", undefined);
});

async function resources(): Promise<Resource[]> {
  const settings = polyglotSettings({ postgres: { hostPort: 5432 }, neo4j: { hostPort: 7687 } });
  const stack = await deploy((platform) => program(platform, settings));
  return stack.resources.map(({ key, name, inputs, dependsOn }) => ({ key, id: idOf(name), inputs, dependsOn }));
}

test("a server is told of all that its component makes of it", async () => {
  const { services, networks, volumes } = modelOf(await resources(), KNOWN);
  expect(services.postgres).toEqual({
    image: "sha256:image-postgres-17",
    pull_policy: "never",
    command: ["bash", "/run/secrets/start.sh", "postgres", "-c", "max_connections=100"],
    environment: [
      "POSTGRES_USER=app",
      "POSTGRES_DB=app",
      "POSTGRES_PASSWORD_FILE=/run/secrets/password",
      "PGPASSFILE=/run/secrets/pgpass",
      "PGCONNECT_TIMEOUT=3",
    ],
    user: "999:999",
    cap_drop: ["ALL"],
    security_opt: ["no-new-privileges:true"],
    read_only: true,
    init: false,
    tmpfs: ["/tmp:mode=1777,size=64m", "/var/run/postgresql:uid=999,gid=999,mode=3777,size=16m"],
    extra_hosts: [],
    mem_limit: "512m",
    memswap_limit: "512m",
    shm_size: "1048576m",
    pids_limit: 8,
    logging: { driver: "json-file", options: { "max-size": "10m", "max-file": "3" } },
    restart: "unless-stopped",
    stop_grace_period: "60s",
    ports: ["127.0.0.1:15432:5432"],
    healthcheck: {
      test: "CMD psql --no-psqlrc --host postgres --username app --dbname app --command".split(" ").concat("select 1"),
      interval: "10s",
      timeout: "5s",
      start_period: "1m0s",
      start_interval: "200ms",
      retries: 3,
    },
    volumes: [
      { type: "volume", source: "postgres", target: "/var/lib/postgresql/data" },
      { type: "volume", source: "postgres-run-secrets", target: "/run/secrets", read_only: true },
    ],
    networks: ["postgres", "postgres-outside"],
    depends_on: {},
  });
  expect(networks).toMatchObject({
    postgres: { driver: "bridge", internal: true },
    "postgres-outside": {
      driver: "bridge",
      internal: false,
      driver_opts: { "com.docker.network.bridge.enable_ip_masquerade": "false" },
    },
  });
  expect(volumes).toMatchObject({
    postgres: {},
    "postgres-run-secrets": { external: true, name: "copy-of-postgres:/run/secrets" },
  });
  expect(services.neo4j?.extra_hosts).toEqual(["0.0.0.0:0.0.0.0"]);
});

test("a job runs when its own database is ready, with what it is handed", async () => {
  const { services } = modelOf(await resources(), KNOWN);
  expect(services["minio-setup"]).toMatchObject({
    entrypoint: ["sh", "-euc"],
    restart: "no",
    init: true,
    ports: [],
    volumes: [{ type: "volume", source: "minio-setup-run-secrets", target: "/run/secrets" }],
    networks: ["minio"],
    depends_on: { minio: { condition: "service_healthy" } },
  });
  expect(services["minio-setup"]).not.toHaveProperty("healthcheck");
});

test("the API waits for all that it refers to, and is in its networks", async () => {
  const { services } = modelOf(await resources(), KNOWN);
  const databases = ["postgres", "redis", "neo4j", "qdrant", "minio", "ollama"];
  const jobs = ["postgres-setup", "neo4j-setup", "qdrant-setup", "minio-setup"];
  expect(services.api?.depends_on).toEqual({
    ...Object.fromEntries(databases.map((name) => [name, { condition: "service_healthy" }])),
    ...Object.fromEntries(jobs.map((name) => [name, { condition: "service_completed_successfully" }])),
  });
  expect(services.api?.networks).toEqual(["api", ...databases]);
  expect(Object.keys(services).sort()).toEqual(["api", ...databases, ...jobs].sort());
});

describe("what a state has", () => {
  const given = async (inputs: Record<string, unknown>) =>
    (await resources()).map((each) =>
      each.key === "Container redis" ? { ...each, inputs: { ...each.inputs, ...inputs } } : each,
    );

  test("of the provider's own defaults is left out", async () => {
    const noted = await given({
      ...{ __defaults: ["name", "waitTimeout"], name: "redis-0a1b2c", waitTimeout: 60 },
      logOpts: { __defaults: [], "max-size": "10m" },
    });
    expect(modelOf(noted, KNOWN).services.redis?.logging).toEqual({
      driver: "json-file",
      options: { "max-size": "10m" },
    });
  });

  test("and no compose file is told of is refused", async () => {
    const more = await given({ devices: [], ulimits: [] });
    expect(() => modelOf(more, KNOWN)).toThrow("Container redis: no compose file is told of devices, ulimits");
  });
});
