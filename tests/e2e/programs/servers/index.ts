import * as pulumi from "@pulumi/pulumi";
import { Container, type ContainerArgs, Platform, SetupJob } from "../../../../components/index.ts";

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
    build: { context: "nats", images: { BASE: { registry: "debian:trixie-slim", packages: "base" } } },
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
    volumes: { data: "/data" },
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
  new Container("idle", {
    platform,
    image: NODE,
    command: ["sleep", "infinity"],
    init: true,
    probe: "none",
    memoryMiB: 16,
  });
  new SetupJob("asks", {
    platform,
    image: NODE,
    command: ["node", "/run/files/asks.mts"],
    files: { "asks.mts": "asks.mts" },
    env: { QUEUE: queue.connection?.host ?? "" },
  });
  return { queue };
});
export const url = queue.connection?.fromHost?.url;
