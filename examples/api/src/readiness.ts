import type { Client } from "./clients/client.ts";
import { describe } from "./errors.ts";
import { withTimeout } from "./timeout.ts";

export const CHECK_TIMEOUT_MS = 2_000;

export type Check =
  | { state: "ok"; latencyMs: number }
  | { state: "failed"; latencyMs: number; error: string }
  /** The API was not told of it, and does without. */
  | { state: "absent" };

export interface Readiness {
  status: "ok" | "unavailable";
  checks: Record<string, Check>;
}

/** Asks every client that is there at once, and waits for none longer than `CHECK_TIMEOUT_MS`. */
export async function readiness(clients: Record<string, Client | undefined>): Promise<Readiness> {
  const checks = await Promise.all(
    Object.entries(clients).map(async ([name, client]) => [name, await check(client)] as const),
  );
  const failed = checks.some(([, { state }]) => state === "failed");
  return { status: failed ? "unavailable" : "ok", checks: Object.fromEntries(checks) };
}

async function check(client: Client | undefined): Promise<Check> {
  if (!client) return { state: "absent" };
  const start = performance.now();
  const latencyMs = () => Math.round((performance.now() - start) * 10) / 10;
  try {
    await withTimeout(CHECK_TIMEOUT_MS, client.check());
    return { state: "ok", latencyMs: latencyMs() };
  } catch (error) {
    return { state: "failed", latencyMs: latencyMs(), error: describe(error) };
  }
}
