import { fileURLToPath } from "node:url";
import { Container, type Platform, type SettingsOf } from "stackyard";
import { z } from "zod";
import { Valkey } from "./valkey.ts";

export const settings = z.strictObject({
  cache: Valkey.settings.prefault({}),
  /** The page, on the host's 127.0.0.1. */
  hostPort: z.int().min(1).max(65_535).default(18_081),
});

/** A database that the library does not know, and a page that counts its visits there. */
export function program(platform: Platform, { cache: options, hostPort }: SettingsOf<typeof settings>) {
  const cache = new Valkey("cache", { platform, ...options });
  const page = new Container("page", {
    platform,
    image: { registry: "node:24-slim", packages: "node" },
    command: ["node", "/srv/page.ts"],
    files: { "/srv/page.ts": fileURLToPath(new URL("page.ts", import.meta.url)) },
    uses: { cache },
    ports: { web: { port: 8080, hostPort } },
    connection: { scheme: "http" },
    probe: { http: "/health" },
    init: true,
    memoryMiB: 128,
  });
  return { cache, page };
}
