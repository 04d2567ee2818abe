import * as pulumi from "@pulumi/pulumi";
import { publisherOf, publishing } from "../../engines/containers/publisher.ts";
import type { PortHolder } from "../../engines/inspection.ts";
import { valueOf } from "../../engines/value.ts";
import type { Platform } from "../platform.ts";
import { isFree, NEW_PORTS } from "./ports.ts";

export interface Guarded {
  platform: Platform;
  service: string;
  subject: string;
  /** On the host's 127.0.0.1. */
  ports: readonly number[];
  /** The volume's name in the engine. */
  volume?: pulumi.Output<string>;
  /** Only one container of this service may be there at a time. */
  exclusive: boolean;
  stopGraceSeconds: number;
}

/**
 * What is looked at before a service's container is made, by the preview too as far as it can be known there.
 *
 * @throws Error naming what is in the way, before anything is touched.
 */
export async function guard({
  platform,
  service,
  subject,
  ports,
  volume,
  exclusive,
  stopGraceSeconds,
}: Guarded): Promise<void> {
  const { api } = platform.engine;
  const preview = pulumi.runtime.isDryRun();
  if (!preview && exclusive) {
    // What a killed `up` had made and not written down: it would run beside the new one, on the same data.
    const mine = await api.list(platform.labels(service, "service"));
    await Promise.all(mine.map(({ id }) => api.remove(id, stopGraceSeconds)));
  }
  for (const port of ports) {
    // The ledger lets one service have a port: another one of this stack that holds it has lost it, and is on its way out or
    // gets a successor without it.
    const held = preview ? [] : await publishing(api, port, { "stackyard.id": platform.id });
    await Promise.all(held.map(({ id }) => api.remove(id)));
    await free(platform, port, subject);
  }
  if (!preview && volume) {
    const name = await valueOf(volume);
    // The engine would make a missing one without a word, empty.
    if (!(await api.hasVolume(name))) {
      throw new Error(
        `${subject}: its volume ${name} is no longer on the engine; a new one would be empty. Bring it back, or let this stack ` +
          "find out and ask: `make dev`, or `pulumi up --refresh`.",
      );
    }
  }
}

/**
 * @throws Error naming who has the port, unless that is a container of this stack: it goes before the port is needed. An engine
 * elsewhere answers for its own ports.
 */
export async function free(
  { id, local, engine, ports }: Pick<Platform, "id" | "local" | "engine" | "ports">,
  port: number,
  subject: string,
): Promise<void> {
  const holder = local ? await holderOf(port, (each) => publisherOf(engine.api, each)) : undefined;
  if (holder === undefined || holder.stack === id) return;
  const [kept] = Object.entries(ports).find(([, chosen]) => chosen === port) ?? [];
  const other = kept
    ? `let another be chosen: \`make dev\` of this copy does, ${NEW_PORTS}=${kept} for plain pulumi`
    : "set another hostPort";
  throw new Error(`${subject}: port ${port} on 127.0.0.1 is taken by ${holder.shown}. Stop that, or ${other}.`);
}

/**
 * Who has a port of this machine; nothing when nobody has.
 *
 * @param publisherOf which container publishes a port, by the engine.
 */
export async function holderOf(
  port: number,
  publisherOf: (port: number) => Promise<PortHolder | undefined>,
): Promise<PortHolder | undefined> {
  if (await isFree(port)) return undefined;
  return (await publisherOf(port)) ?? { shown: "another program" };
}
