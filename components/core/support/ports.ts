import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { isFree, onLoopback } from "../../engines/ports.ts";
import { valueOf } from "../../engines/value.ts";

/** Above what servers are known for, and below what systems hand out to whoever connects somewhere. */
const FIRST = 10_000;
const COUNT = 22_000;

/** Names those of a copy that are to be chosen anew: `STACKYARD_NEW_PORTS=redis.hostPort`; `make dev` sets it where it has to. */
export const NEW_PORTS = "STACKYARD_NEW_PORTS";

/**
 * Ports of this machine that nobody has, one for each name: chosen when it is first asked for, and kept in state.
 *
 * @param names what each is for: `postgres.hostPort`.
 */
export async function keptPorts(names: readonly string[]): Promise<Record<string, number>> {
  const taken = new Set<number>();
  const anew = new Set((process.env[NEW_PORTS] ?? "").split(","));
  const kept: Promise<[string, number]>[] = [];
  for (const name of names) {
    const port = await freePort(name, taken);
    // A Stash keeps the value that it was made with; what later runs propose is ignored. It is known in a preview too.
    const opts = anew.has(name) ? { replaceOnChanges: ["input"] } : { ignoreChanges: ["input"] };
    const stash = new pulumi.Stash(`port-${name}`, { input: port }, opts);
    kept.push(valueOf(stash.output).then((chosen: number) => [name, chosen]));
  }
  return Object.fromEntries(await Promise.all(kept));
}

/** The same one in a preview and in the `up` after it, another one in another clone, also while nothing of either is up. */
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
