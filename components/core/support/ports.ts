import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { isFree, onLoopback } from "../../engines/ports.ts";
import { valueOf } from "../../engines/value.ts";

/** Above the ports of well-known servers, and below those that systems use for outgoing connections. */
const FIRST = 10_000;
const COUNT = 22_000;

/** Names the ports of a copy that have to be chosen again: `STACKYARD_NEW_PORTS=redis.hostPort`. `make dev` sets it if necessary. */
export const NEW_PORTS = "STACKYARD_NEW_PORTS";

/**
 * Free ports of this machine, one for each name: each is chosen when it is first needed, and kept in state.
 *
 * @param names what each is for: `postgres.hostPort`.
 */
export async function keptPorts(names: readonly string[]): Promise<Record<string, number>> {
  const taken = new Set<number>();
  const anew = new Set((process.env[NEW_PORTS] ?? "").split(","));
  const kept: Promise<[string, number]>[] = [];
  for (const name of names) {
    const port = await freePort(name, taken);
    // A Stash keeps the value that it was made with, and ignores what later runs propose. Previews know it too.
    const opts = anew.has(name) ? { replaceOnChanges: ["input"] } : { ignoreChanges: ["input"] };
    const stash = new pulumi.Stash(`port-${name}`, { input: port }, opts);
    kept.push(valueOf(stash.output).then((chosen: number) => [name, chosen]));
  }
  return Object.fromEntries(await Promise.all(kept));
}

/** The same port in a preview and in the `up` after it, and another one in another clone, even while neither is up. */
async function freePort(name: string, taken: Set<number>): Promise<number> {
  const seed = [process.cwd(), pulumi.getProject(), pulumi.getStack(), name].join("\n");
  let at = createHash("sha256").update(seed).digest().readUInt32BE() % COUNT;
  for (let tried = 0; tried < COUNT; tried++, at = (at + 1) % COUNT) {
    const port = FIRST + at;
    if (taken.has(port) || !(await isFree(onLoopback(port)))) continue;
    taken.add(port);
    return port;
  }
  throw new pulumi.RunError(`No port of this machine from ${FIRST} to ${FIRST + COUNT - 1} is free for ${name}.`);
}
