import * as pulumi from "@pulumi/pulumi";
import { Container, type ContainerArgs, Platform, SetupJob, Volume } from "../../../../components/index.ts";

// NATS with its configuration file, two ports, a volume and a probe; a server FROM scratch; one without a probe; and a job that
// refers to NATS by its environment alone.

const config = new pulumi.Config();
const BARE_PROBES: Record<string, ContainerArgs["probe"]> = {
  http: { http: "/" },
  tcp: { tcp: 8080 },
  wrong: { http: "/nowhere", intervalSeconds: 1 },
};
const NODE = { registry: "node:24-slim", packages: "node" };
const platform = await Platform.connect({ down: process.env.STACKYARD_DOWN === "1" });
const { queue } = await platform.declare(() => {
  const token = config.require("token");
  const queue = new Container("queue", {
    platform,
    build: {
      context: "../../../../examples/queue/nats",
      images: { BASE: { registry: "debian:trixie-slim", packages: "base" } },
    },
    command: ["--config", "/etc/nats/nats.conf"],
    files: { "/etc/nats/nats.conf": process.env.NATS_CONF ?? "nats.conf" },
    secrets: {
      NATS_TOKEN: { value: token, as: "environment" },
      NATS_KEY: { value: "line one\nline two", path: "/etc/keys/key.pem" },
    },
    ports: {
      client: { port: 4222, hostPort: config.requireNumber("clientPort") },
      monitor: { port: 8222, hostPort: config.requireNumber("monitorPort") },
    },
    connection: { scheme: "nats", user: "token", password: token },
    volumes: { data: "/data", scratch: { path: "/scratch", lifecycle: "ephemeral" } },
    probe: { http: "/healthz", port: 8222 },
    memoryMiB: 64,
  });
  new Container("bare", {
    platform,
    build: { context: "scratch", images: { BUSYBOX: { registry: "busybox:1.37-musl", packages: "busybox" } } },
    ports: { web: { port: 8080, hostPort: config.requireNumber("barePort") } },
    probe: BARE_PROBES[process.env.BARE_PROBE ?? "http"] ?? "none",
    readyTimeoutSeconds: 10,
    memoryMiB: 16,
  });
  const exchange = new Volume("exchange", { platform, owner: "65534:65534" });
  new Container("idle", {
    platform,
    image: NODE,
    command: process.env.IDLE_ENDS ? ["sh", "-c", "echo cannot start; exit 3"] : ["sleep", "infinity"],
    volumes: { exchange: { path: "/in", volume: exchange, readOnly: true } },
    init: true,
    docker: { tty: true },
    probe: process.env.IDLE_PROBE === "image" ? "image" : "none",
    memoryMiB: 16,
  });
  // Everything that a server may have, at once: none of it may be a change at the next `up`.
  new Container("all", {
    platform,
    image: NODE,
    entrypoint: ["sh", "-c"],
    command: ["trap 'exit 0' QUIT; while :; do sleep 1; done"],
    user: "0:0",
    groups: [44],
    workingDir: "/srv",
    hostname: "all.example",
    readOnlyRoot: false,
    files: { "/etc/all/all.conf": "nats.conf" },
    mounts: { [process.env.ALL_FOLDER ?? "scratch"]: { path: "/srv", readOnly: false } },
    tmpfs: { "/cache": { sizeMiB: 8, exec: true, owner: "1000:1000" } },
    volumes: { kept: "/kept", gone: { path: "/gone", lifecycle: "ephemeral" } },
    ports: {
      tcp: { port: 5300, hostPort: config.requireNumber("allPort") },
      udp: { port: 5300, protocol: "udp", hostPort: config.requireNumber("allPort"), address: "0.0.0.0" },
    },
    capabilities: ["NET_BIND_SERVICE"],
    devices: ["/dev/null"],
    sysctls: { "net.core.somaxconn": 512 },
    dns: { servers: ["192.0.2.1"], search: ["example"], options: ["ndots:2"] },
    hosts: { gateway: "host-gateway", other: "192.0.2.2" },
    restart: "on-failure",
    init: true,
    stopSignal: "SIGQUIT",
    stopGraceSeconds: 20,
    shmSizeMiB: 16,
    ulimits: { nofile: 4096, core: { soft: 0, hard: 0 } },
    pids: 64,
    cpus: 0.5,
    memoryMiB: 32,
    labels: { "com.example.team": "core" },
    egress: true,
    docker: { cpuShares: 512 },
    probe: { shell: "test -f /etc/all/all.conf", intervalSeconds: 3, retries: 5 },
  });
  if (process.platform === "linux")
    new Container("on-host", {
      platform,
      image: NODE,
      command: ["sleep", "infinity"],
      init: true,
      networkMode: "host",
      probe: "none",
      privileged: true,
      memoryMiB: 16,
    });
  new SetupJob("asks", {
    platform,
    image: NODE,
    command: ["node", "/run/files/asks.mts"],
    files: { "asks.mts": "asks.mts" },
    env: { QUEUE: queue.connection?.host ?? "" },
    volumes: { exchange: { path: "/out", volume: exchange } },
  });
  return { queue };
});
export const url = queue.connection?.fromHost?.url;
