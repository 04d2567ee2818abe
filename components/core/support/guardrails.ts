import * as pulumi from "@pulumi/pulumi";
import { commandLine } from "../../engines/command-line.ts";
import type { Engine, Handle } from "../../engines/engine.ts";
import { type HostPort, shownPort } from "../../engines/ports.ts";
import { valueOf } from "../../engines/value.ts";
import { NEW_PORTS } from "./ports.ts";

/** The part of a platform that is needed here. */
interface Site {
  id: string;
  engine: Engine;
  ports: Readonly<Record<string, number>>;
  labels(service: string, kind: string): Record<string, string>;
}

export interface Guarded {
  platform: Site;
  service: string;
  subject: string;
  /** On the host. */
  ports: readonly HostPort[];
  volumes: readonly Handle[];
  /** Whether only one container of this service may exist at a time. */
  exclusive: boolean;
  stopGraceSeconds: number;
}

/**
 * What is checked before a service's container is made; as far as a preview knows it, by the preview too.
 *
 * @throws Error naming what is in the way, before anything is touched.
 */
export async function guard({
  platform,
  service,
  subject,
  ports,
  volumes,
  exclusive,
  stopGraceSeconds,
}: Guarded): Promise<void> {
  const { engine } = platform;
  const preview = pulumi.runtime.isDryRun();
  // A killed `up` may have made one and not recorded it: it would run beside the new one, on the same data.
  if (!preview && exclusive) await engine.clear(platform.labels(service, "service"), { stopGraceSeconds });
  for (const port of ports) {
    // The ledger gives a port to one service only: another one of this stack that still holds it is about to be removed, or
    // replaced by one without it.
    if (!preview) await engine.clear({ "stackyard.id": platform.id }, { port });
    await free(platform, port, subject);
  }
  if (preview) return;
  for (const volume of volumes) {
    const key = await valueOf(volume.key);
    // The engine would silently make a missing one, empty.
    if (await engine.hasVolume(key)) continue;
    throw new Error(
      `${subject}: its volume ${key} is no longer on the engine; a new one would be empty. Bring it back, or let this stack ` +
        `find out and ask: \`${commandLine("dev")}\`, or \`pulumi up --refresh\`.`,
    );
  }
}

/**
 * @throws Error naming what has the port, unless that is a container of this stack, which is removed before the port is needed; or
 * saying that the machine does not have its address.
 */
export async function free(
  { id, engine, ports }: Pick<Site, "id" | "engine" | "ports">,
  port: HostPort,
  subject: string,
): Promise<void> {
  const holder = await engine.portHolder(port).catch((error: Error) => {
    throw new Error(`${subject}: ${error.message}`);
  });
  if (holder === undefined || holder.stack === id) return;
  const [kept] = Object.entries(ports).find(([, chosen]) => chosen === port.hostPort) ?? [];
  const other = kept
    ? `let another be chosen: \`${commandLine("dev")}\` of this copy does, ${NEW_PORTS}=${kept} for plain pulumi`
    : "set another hostPort";
  throw new Error(`${subject}: ${shownPort(port)} is taken by ${holder.shown}. Stop that, or ${other}.`);
}
