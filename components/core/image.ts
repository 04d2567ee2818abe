import { existsSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { ArgsError, readOf } from "./args.ts";
import { contextHash } from "./build-context.ts";
import { BUILT, builtImage } from "./built-image.ts";
import { CA_BUNDLE, provideCaBundle } from "./ca-bundle.ts";
import { pinned } from "./lock.ts";
import type { Platform } from "./platform.ts";

/** An image as its component knows it, whichever source it comes from. */
export interface ImageFacts {
  /** Repository and tag in a container registry: `postgres:17`. */
  registry: string;
  /** Folder of `infra/airgap/images` that builds its like from package registries, where there is one. */
  packages?: string;
}

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
  return platform.once(`image ${facts.registry} ${facts.packages}`, () => {
    const name = `image-${facts.registry.replace(/[^A-Za-z0-9]+/g, "-")}`;
    const image = new docker.RemoteImage(
      name,
      { name: reference(platform, facts), keepLocally: true },
      {
        parent: platform,
        provider: platform.provider,
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
    return { id: image.imageId, resource: image };
  });
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

/** Images from package registries have been built before the engine is asked for them; others, the engine pulls. */
async function there(platform: Platform, { newInputs }: pulumi.ResourceHookArgs): Promise<void> {
  const { name } = newInputs as { name: string };
  if (!name.startsWith(BUILT) || (await platform.engine.api.hasImage(name))) return;
  throw new Error(
    `The image ${name} is not on this engine. It is built from package registries: run \`make images\`, then this again.`,
  );
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
 * @param mounts what is mounted over folders of it, and so does not count as content.
 */
export function builtFrom(
  name: string,
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
  const content = contentOf(name, context, extra, hidden);
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
      hooks: { beforeCreate: [new pulumi.ResourceHook(`build-${name}`, () => provideCaBundle())] },
      dependsOn: bases.map(({ image }) => image.resource),
    },
  );
  return { id: image.imageId, resource: image };
}

function contentOf(name: string, context: string, extra: string[], hidden: string[]): string {
  try {
    return readOf(`Api "${name}"`, "build.context", () => contextHash(context, extra, hidden));
  } catch (error) {
    if (error instanceof ArgsError) throw error;
    throw new pulumi.RunError(`The image of "${name}" cannot be built: ${(error as Error).message}`);
  }
}
