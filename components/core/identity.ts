import { randomBytes } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { commandLine, flagWith } from "../engines/command-line.ts";
import type { Engine } from "../engines/engine.ts";
import { valueOf } from "../engines/value.ts";

/** Where images come from: pulled from container registries, or built from package registries. */
export type ImageSource = "registry" | "packages";

/** What is decided at the first `up` of a Pulumi stack, and then kept. */
interface Identity {
  /** The label of everything that belongs to this Pulumi stack. */
  id: string;
  host: string;
  /** The engine's own id, if it has one. */
  engine?: string | undefined;
  imageSource: ImageSource;
}

export type Identified = Identity & { resources: pulumi.Resource[] };

/**
 * What was decided at the first `up`; if nothing was, this is the first one.
 *
 * @param ownId id of the engine of this run.
 * @param source where images come from if nothing was decided yet.
 * @param wanted where the configuration says they come from.
 * @throws RunError when this run would use another engine, or other images, than what the volumes were made with.
 */
export async function identified(
  { host, volumes }: Pick<Engine, "host" | "volumes">,
  ownId: string | undefined,
  source: ImageSource,
  wanted?: ImageSource,
): Promise<Identified> {
  const fresh: Identity = {
    id: randomBytes(4).toString("hex"),
    host,
    ...(ownId === undefined ? {} : { engine: ownId }),
    imageSource: source,
  };
  // A Stash keeps the value that it was made with, and ignores what later runs propose. Previews know it too.
  const resource = new pulumi.Stash("identity", { input: fresh }, { ignoreChanges: ["input"] });
  const recorded: Identity = await valueOf(resource.output);
  const resources: pulumi.Resource[] = [resource];
  const sameEngine = async (engine: string | undefined) =>
    (engine === undefined || ownId === undefined ? recorded.host === host : engine === ownId) ||
    // The same engine at another address, or one that was installed again over its data.
    (await volumes({ "stackyard.id": recorded.id })).length > 0;

  let { engine } = recorded;
  let same = await sameEngine(engine);
  if (same && engine === undefined && ownId !== undefined) {
    // Recorded without an id, because the engine had none then: it gets this one.
    const later = new pulumi.Stash("engine", { input: ownId }, { ignoreChanges: ["input"] });
    engine = (await valueOf(later.output)) as string;
    same = await sameEngine(engine);
    resources.push(later);
  }
  if (!same) {
    throw new pulumi.RunError(
      recorded.host === host
        ? `This Pulumi stack lives on another engine than the one at ${host} (id ${engine}, got ${ownId}): its volumes ` +
            `are not there. Set DOCKER_HOST to the one that it lives on, or use another stack (${flagWith("name", "…")}) for this one.`
        : `This Pulumi stack lives on the engine at ${recorded.host}, got ${host}: its volumes are not there. ` +
            `Set DOCKER_HOST=${recorded.host}, or use another stack (${flagWith("name", "…")}) for the other engine.`,
    );
  }
  if (wanted !== undefined && wanted !== recorded.imageSource) {
    throw new pulumi.RunError(
      `imageSource: should be ${recorded.imageSource}, got ${wanted}: it was decided when this Pulumi stack was first ` +
        `brought up, and its volumes were written by those images. Set it back, or use another stack (${flagWith("name", "…")}); \`${commandLine("clean")}\` ` +
        "gives this one up, with its data, and the next `up` decides anew.",
    );
  }
  return { ...recorded, resources };
}
