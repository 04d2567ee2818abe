import { appendFileSync } from "node:fs";

/**
 * For `make dev`, which names a file: how long a service took from its start to its first good probe, or a job from its start
 * to its end, as a line of JSON each.
 */
export function noteTook(service: string, tookMs: number): void {
  const file = process.env.STACKYARD_TIMINGS;
  if (file) appendFileSync(file, `${JSON.stringify({ service, tookMs })}\n`);
}
