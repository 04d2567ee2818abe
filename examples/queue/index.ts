import { fileURLToPath } from "node:url";
import { z } from "zod";
import { Container, type Platform, type SettingsOf } from "../../components/index.ts";

export const settings = z.strictObject({
  /** The page, on the host's 127.0.0.1. */
  hostPort: z.int().min(1).max(65_535).default(18_080),
});

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** A message queue that the library does not know, and a page that sends and shows messages. */
export function program(platform: Platform, { hostPort }: SettingsOf<typeof settings>) {
  const queue = new Container("queue", {
    platform,
    build: { context: here("nats"), images: { BASE: { registry: "debian:trixie-slim", packages: "base" } } },
    command: ["--config", "/etc/nats/nats.conf"],
    files: { "/etc/nats/nats.conf": here("nats.conf") },
    ports: { client: { port: 4222 }, monitor: { port: 8222 } },
    connection: { scheme: "nats", port: "client" },
    probe: { http: "/healthz", port: 8222 },
    memoryMiB: 64,
  });
  const page = new Container("page", {
    platform,
    image: { registry: "node:24-slim", packages: "node" },
    command: ["node", "/srv/page.ts"],
    files: { "/srv/page.ts": here("page.ts") },
    uses: { queue },
    ports: { web: { port: 8080, hostPort } },
    connection: { scheme: "http" },
    probe: { http: "/" },
    init: true,
    memoryMiB: 128,
  });
  return { queue, page };
}
