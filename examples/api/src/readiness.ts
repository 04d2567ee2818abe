import type { Client } from "./clients/client.ts";
import { describe } from "./errors.ts";

export const CHECK_TIMEOUT_MS = 2_000;

export interface Check {
  state: "ok" | "failed";
  latencyMs: number;
  error?: string;
}

export interface Readiness {
  status: "ok" | "unavailable";
  checks: Record<string, Check>;
}

/** Asks every client at once, and waits for none longer than `CHECK_TIMEOUT_MS`. */
export async function readiness(clients: Record<string, Client>): Promise<Readiness> {
  const checks = await Promise.all(
    Object.entries(clients).map(async ([name, client]) => [name, await check(client)] as const),
  );
  const ok = checks.every(([, { state }]) => state === "ok");
  return { status: ok ? "ok" : "unavailable", checks: Object.fromEntries(checks) };
}

async function check(client: Client): Promise<Check> {
  const start = performance.now();
  const latencyMs = () => Math.round((performance.now() - start) * 10) / 10;
  try {
    await withTimeout(client.check());
    return { state: "ok", latencyMs: latencyMs() };
  } catch (error) {
    return { state: "failed", latencyMs: latencyMs(), error: describe(error) };
  }
}

async function withTimeout(answer: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`)), CHECK_TIMEOUT_MS);
  });
  try {
    await Promise.race([answer, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
