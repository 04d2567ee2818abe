import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Pulled } from "../engines/containers/pull.ts";
import { interrupted } from "./gate.ts";
import type { Platform } from "./platform.ts";
import { ArgsError, readOf } from "./support/args.ts";
import { contextHash } from "./support/build-context.ts";
import { BUILT, builtImage } from "./support/built-image.ts";
import { CA_BUNDLE, provideCaBundle } from "./support/ca-bundle.ts";
import { pinned } from "./support/lock.ts";
import { note } from "./support/timings.ts";

/** An image as its component knows it, whichever source it comes from. */
export interface ImageFacts {
  /** Repository and tag in a container registry: `postgres:17`. */
  registry: string;
  /** Folder of `infra/airgap/images` that builds its like from package registries, where there is one. */
  packages?: string;
}

/**
 * Said, because the provider would have it the other way round: with the old image go all containers that stand on it, and then
 * the new one may not come.
 */
const NEW_ONE_FIRST = { deleteBeforeReplace: false };

/** An argument that is an image, with its like from package registries where that is built here. */
export const imageFacts = () =>
  z.custom<ImageFacts>(
    (value) =>
      z.strictObject({ registry: z.string().min(1), packages: z.string().optional() }).safeParse(value).success,
    "an image: { registry, packages }",
  );

/** An image on the engine: its id, and the resource that brought it there. */
export interface Image {
  id: pulumi.Output<string>;
  resource: pulumi.Resource;
}

/**
 * An image of somebody else's: pulled, pinned by digest where the lock file knows it, or built from package registries.
 * Made once for all who use it, and left on the engine when the stack goes.
 */
export function serverImage(platform: Platform, facts: ImageFacts): Image {
  const ref = reference(platform, facts);
  return platform.once(`image ${ref}`, () => {
    const image = new docker.RemoteImage(
      nameOf(platform, facts.registry, ref),
      { name: ref, keepLocally: true },
      {
        parent: platform,
        provider: platform.provider,
        ...NEW_ONE_FIRST,
        hooks: {
          beforeCreate: [
            platform.once(
              "hook images",
              () => new pulumi.ResourceHook("images", (image) => there(platform, image), { onDryRun: true }),
            ),
          ],
        },
      },
    );
    return { id: idOf(platform, ref, image), resource: image };
  });
}

/**
 * A preview does not know the id of an image that is yet to be recorded, as all are after `down`; the engine does, where it has
 * it. So a job that has been done is not said to run.
 */
function idOf(platform: Platform, ref: string, { imageId }: docker.RemoteImage): pulumi.Output<string> {
  if (!pulumi.runtime.isDryRun()) return imageId;
  return pulumi
    .output(platform.engine.api.imageId(ref))
    .apply((id) => (id === undefined ? imageId : pulumi.output(id)));
}

/** A resource's name, which no other image has: one that reads the same gets a part of its own. */
function nameOf(platform: Platform, registry: string, ref: string): string {
  const taken = platform.once("names of images", () => new Set<string>());
  const short = `image-${registry.replace(/[^A-Za-z0-9]+/g, "-")}`;
  const name = taken.has(short) ? `${short}-${createHash("sha256").update(ref).digest("hex").slice(0, 7)}` : short;
  taken.add(name);
  return name;
}

const reference = ({ imageSource, imageMirror }: Platform, facts: ImageFacts) =>
  imageSource === "registry" ? pinned(facts.registry, imageMirror) : likeOf(facts).ref;

function likeOf({ registry, packages }: ImageFacts) {
  if (packages !== undefined) return builtImage(packages);
  throw new pulumi.RunError(
    `The image ${registry} is not built from package registries here. Name a folder of infra/airgap/images that builds its ` +
      `like (image: { registry: "${registry}", packages: "FOLDER" }), or use imageSource: registry.`,
  );
}

/**
 * Images from package registries have been built before the engine is asked for them. Others are pulled here, and not by the
 * provider, which says nothing meanwhile, ends it after 20 minutes, and does not know what `docker login` has stored.
 */
async function there(platform: Platform, { newInputs }: pulumi.ResourceHookArgs): Promise<void> {
  const { name } = newInputs as { name: string };
  const { api } = platform.engine;
  const built = name.startsWith(BUILT);
  if ((pulumi.runtime.isDryRun() && !built) || (await api.hasImage(name))) return;
  if (!built) return pulled(platform, name);
  throw new Error(
    `The image ${name} is not on this engine. It is built from package registries: run \`make images\`, then this again.`,
  );
}

async function pulled(platform: Platform, ref: string): Promise<void> {
  // Loaded when there is something to pull.
  const { pull, withoutDigest } = await import("../engines/containers/pull.ts");
  const service = withoutDigest(ref);
  const instead =
    "Set `imageMirror` to a container registry that has it and answers; a site that reaches none builds the images from " +
    "package registries (`imageSource: packages`; a stack without data takes that on after `make clean`).";
  const began = Date.now();
  note({ service, kind: "image", phase: "pulling" });
  try {
    await pull(platform.engine.api, ref, {
      signal: interrupted(),
      instead,
      saw: (seen) => {
        const detail = amount(seen);
        note({ service, detail });
        // For `pulumi up` itself; `make` shows the note.
        void pulumi.log.info(`${service}: ${detail}`, platform, undefined, true);
      },
    });
    note({ service, phase: "done", tookMs: Date.now() - began });
  } catch (error) {
    note({ service, phase: "failed" });
    throw error;
  }
}

/** `12 of 117 MB, 2 of 5 layers`. */
function amount({ layers, done, bytes, ofBytes }: Pulled): string {
  const megabytes = (bytes: number) => Math.round(bytes / 1e6);
  return `${megabytes(bytes)} of ${megabytes(ofBytes)} MB, ${done} of ${layers} layers`;
}

/** How to build an application's own image. */
export const Build = z.strictObject({
  /** Folder with the Dockerfile; what its `.dockerignore` leaves out does not count as a change. */
  context: z.string("a folder").refine((path) => existsSync(join(path, "Dockerfile")), "a folder with a Dockerfile"),
  /** Stage to build. @default - the last one */
  target: z.string("a stage's name").optional(),
  /** Build arguments whose value is another image: argument by image. @default {} */
  images: z.record(z.string(), imageFacts()).default({}),
});

/**
 * An image built from a folder, again when what is in the folder changes, and only then: its tag is its content. The tag is this
 * stack's own too, because two builds of the same content are two images: another stack's would move it.
 *
 * @param subject whose it is, for messages: `Api "shop"`.
 * @param mounts what is mounted over folders of it, and so does not count as content.
 */
export function builtFrom(
  name: string,
  subject: string,
  platform: Platform,
  { context, target, images }: z.output<typeof Build>,
  opts: pulumi.CustomResourceOptions,
  mounts: { folder: string }[] = [],
): Image {
  const bases = Object.entries(images).map(([argument, facts]) => ({
    argument,
    image: serverImage(platform, facts),
    facts,
  }));
  const buildArgs = Object.fromEntries(bases.map(({ argument, facts }) => [argument, reference(platform, facts)]));
  const hidden = mounts.map(({ folder }) => relative(context, folder).split(sep).join("/"));
  // That something is left out is part of the name: what is built while it is may be old once it runs.
  const extra = [JSON.stringify(buildArgs), target ?? "", ...hidden];
  const content = contentOf(subject, context, extra, hidden);
  const image = new docker.RemoteImage(
    name,
    {
      // A host name that no registry can serve: a missing local image must not be pulled from somewhere.
      name: `${BUILT}${pulumi.getProject()}-${pulumi.getStack()}-${name}:${platform.id}-${content}`,
      // Nothing here may differ from machine to machine: it would be a change.
      build: {
        context: relative(process.cwd(), resolve(context)) || ".",
        ...(target === undefined ? {} : { target }),
        buildArgs,
        secrets: [{ id: "ca", src: CA_BUNDLE }],
      },
      keepLocally: true,
    },
    {
      ...opts,
      provider: platform.provider,
      ...NEW_ONE_FIRST,
      hooks: { beforeCreate: [new pulumi.ResourceHook(`build-${name}`, () => provideCaBundle())] },
      dependsOn: bases.map(({ image }) => image.resource),
    },
  );
  return { id: image.imageId, resource: image };
}

function contentOf(subject: string, context: string, extra: string[], hidden: string[]): string {
  try {
    return readOf(subject, "build.context", () => contextHash(context, extra, hidden));
  } catch (error) {
    if (error instanceof ArgsError) throw error;
    throw new pulumi.RunError(`${subject}: its image cannot be built: ${(error as Error).message}`);
  }
}
