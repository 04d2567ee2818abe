import { createHash } from "node:crypto";
import { join, relative, resolve, sep } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { commandLine } from "../engines/command-line.ts";
import type { Handle, PullProgress } from "../engines/engine.ts";
import { interrupted } from "./gate.ts";
import type { Platform } from "./platform.ts";
import { ArgsError, found, matching, readOf, sentence, variable } from "./support/args.ts";
import { contextHash } from "./support/build-context.ts";
import { BUILT, builtImage } from "./support/built-image.ts";
import { CA_BUNDLE, provideCaBundle } from "./support/ca-bundle.ts";
import { pinned } from "./support/lock.ts";
import { note } from "./support/timings.ts";

/** An image, whichever source it comes from. */
export interface ImageFacts {
  /** Repository and tag in a container registry: `postgres:17`. */
  registry: string;
  /** Folder of `infra/airgap/images` that builds an equivalent from package registries, if there is one. */
  packages?: string;
}

/** An image that is built from a folder. */
export interface OwnImage {
  /** Name of its resource. */
  name: string;
  /** Its component, for messages: `Api "shop"`. */
  subject: string;
  /** How it is built. */
  build: z.output<typeof Build>;
  /** Folders that are mounted over its own, and so do not count as content. */
  mounts?: readonly { source: string }[] | undefined;
  /** The component that it belongs to. */
  parent: pulumi.Resource;
}

/** An argument that is an image, with its equivalent from package registries if one is built here. */
export const imageFacts = () =>
  z.custom<ImageFacts>(
    (value) =>
      z.strictObject({ registry: z.string().min(1), packages: z.string().optional() }).safeParse(value).success,
    "an image: { registry, packages }",
  );

/** An argument that is an image: its name in a container registry, `{ registry, packages }`, or the image of a database. */
export const imageArg = () =>
  z
    .custom<string | ImageFacts | OwnImage>(
      (value) =>
        typeof value === "string"
          ? value !== ""
          : imageFacts().safeParse(value).success || (typeof value === "object" && value !== null && "build" in value),
      "an image's name, or { registry, packages }",
    )
    .transform((image): ImageFacts | OwnImage => (typeof image === "string" ? { registry: image } : image));

/**
 * The image of a component that is built. Components that are built the same have one image: the first that is declared gives it
 * its name, whether it runs or not.
 */
export const ownImage = (platform: Platform, own: OwnImage): OwnImage =>
  platform.once(`own image ${JSON.stringify([own.build, own.mounts ?? []])}`, () => own);

/** An image with the name by which the engine finds it. */
export interface ImageHandle extends Handle {
  ref: string;
}

/** An image on the engine, once for all components that use it. */
export const imageOn = (platform: Platform, image: ImageFacts | OwnImage): ImageHandle =>
  "build" in image
    ? platform.once(`build ${image.name} ${JSON.stringify([image.build, image.mounts])}`, () =>
        builtFrom(platform, image),
      )
    : serverImage(platform, image);

/**
 * An image from elsewhere: pulled, and pinned by digest if the lock file has it; or built from package registries.
 * It is made once for all components that use it, and left on the engine when the stack is removed.
 */
export function serverImage(platform: Platform, facts: ImageFacts): ImageHandle {
  const ref = reference(platform, facts);
  return platform.once(`image ${ref}`, () => {
    const made = platform.engine.image(
      nameOf(platform, facts.registry, ref),
      { ref },
      {
        parent: platform,
        hooks: {
          beforeCreate: [
            platform.once(
              "hook images",
              () => new pulumi.ResourceHook("platform:images", (image) => provide(platform, image), { onDryRun: true }),
            ),
          ],
        },
      },
    );
    return { ...made, ref };
  });
}

/** A name for its resource. An image whose name would read the same as another's gets a suffix. */
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
 * Images from package registries have been built by then. Others are pulled here, and not by the provider, which shows no
 * progress, gives up after 20 minutes, and does not know what `docker login` has stored.
 */
async function provide(platform: Platform, { newInputs }: pulumi.ResourceHookArgs): Promise<void> {
  const { name } = newInputs as { name: string };
  const built = name.startsWith(BUILT);
  if ((pulumi.runtime.isDryRun() && !built) || (await platform.engine.hasImage(name))) return;
  if (!built) return pulled(platform, name);
  throw new Error(
    `The image ${name} is not on this engine. It is built from package registries: run \`${commandLine("images")}\`, then this again.`,
  );
}

async function pulled(platform: Platform, ref: string): Promise<void> {
  const service = ref.replace(/@sha256:[0-9a-f]+$/, "");
  const instead =
    "Set `imageMirror` to a container registry that has it and answers; a site that reaches none builds the images from " +
    `package registries (\`imageSource: packages\`; a stack without data takes that on after \`${commandLine("clean")}\`).`;
  const began = Date.now();
  note({ service, kind: "image", phase: "pulling" });
  try {
    await platform.engine.pull(ref, {
      signal: interrupted(),
      instead,
      saw: (progress) => {
        const detail = inWords(progress);
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
function inWords({ layers, done, bytes, ofBytes }: PullProgress): string {
  const megabytes = (bytes: number) => Math.round(bytes / 1e6);
  return `${megabytes(bytes)} of ${megabytes(ofBytes)} MB, ${done} of ${layers} layers`;
}

const DOCKERFILE = "Dockerfile";

/** The provider joins secrets of a build with commas, so that a comma in one would end it. */
const BUILD_SECRET_ID = /^[A-Za-z0-9_.-]+$/;

/**
 * How to build an application's image. As with the docker command, bases are pulled with the credentials that `docker login` has
 * stored, and the build sees the proxies of Docker's configuration.
 */
export const Build = z
  .strictObject({
    /** Folder that is sent to the engine. A change of what its `.dockerignore` leaves out does not count. */
    context: z.string("a folder").refine((path) => found(path)?.isDirectory(), { error: "a folder", abort: true }),
    /** Relative to the context. @default "Dockerfile" */
    dockerfile: z.string("a file's path").default(DOCKERFILE),
    /** Stage to build. @default - the last one */
    target: z.string("a stage's name").optional(),
    /** Build arguments, without secrets. @default {} */
    args: z.record(variable(), z.string("a text")).default({}),
    /** Build arguments that name another image: image by argument. @default {} */
    images: z.record(variable(), imageFacts()).default({}),
    /**
     * Files of this machine that the build may read (`RUN --mount=type=secret,id=…`), by id, and of which nothing stays in the
     * image. Another content is no change: it is no part of what is built. @default {}
     */
    secrets: z
      .record(
        matching(BUILD_SECRET_ID, "an id of letters, digits, dots, _ and -").refine(
          (id) => id !== "ca",
          'another id than "ca", which holds the certificates of this machine',
        ),
        z
          .string("a file's path")
          .refine((path) => found(path)?.isFile(), { error: "a file that can be read", abort: true })
          .refine((path) => !/[,"]/.test(path), "a path without commas and quotes"),
      )
      .default({}),
    /** `linux/arm64`. @default - the engine's own */
    platform: matching(/^[a-z0-9]+\/[a-z0-9]+(\/[a-z0-9]+)?$/, "a platform, as linux/arm64").optional(),
  })
  .refine(({ context, dockerfile }) => found(join(context, dockerfile))?.isFile(), {
    path: ["context"],
    error: ({ input }) => {
      const { dockerfile } = input as { dockerfile: string };
      return dockerfile === DOCKERFILE ? "a folder with a Dockerfile" : `a folder with the file ${dockerfile}`;
    },
  })
  .superRefine(({ args, images }, { addIssue }) => {
    for (const name of Object.keys(images).filter((name) => name in args)) {
      const message = sentence(`\`args\` has ${name} already: an argument is a text or an image.`);
      addIssue({ code: "custom", path: ["images", name], message });
    }
  });

/**
 * An image that is built from a folder, and again only when the content of the folder changes: its tag is a hash of the content.
 * The tag names this stack too, because another stack's build would move a shared tag.
 */
function builtFrom(platform: Platform, { name, subject, build, mounts = [], parent }: OwnImage): ImageHandle {
  const { context, dockerfile, target, args, images, secrets, platform: wanted } = build;
  const bases = Object.entries(images).map(([argument, facts]) => ({
    argument,
    image: serverImage(platform, facts),
    ref: reference(platform, facts),
  }));
  const buildArgs = { ...args, ...Object.fromEntries(bases.map(({ argument, ref }) => [argument, ref])) };
  const hidden = mounts.map(({ source }) => relative(context, source).split(sep).join("/"));
  // What is left out is part of the hash: an image that was built without it may be outdated once it counts again.
  const extra = [
    JSON.stringify(buildArgs),
    target ?? "",
    ...hidden,
    ...(dockerfile === DOCKERFILE ? [] : [`dockerfile ${dockerfile}`]),
    ...(wanted === undefined ? [] : [`platform ${wanted}`]),
  ];
  const content = contentOf(subject, () => contextHash(context, extra, hidden, dockerfile));
  // No registry can have this host name, so that a missing local image is never pulled from elsewhere.
  const ref = `${BUILT}${pulumi.getProject()}-${pulumi.getStack()}-${name}:${platform.id}-${content}`;
  // Once for all builds that differ in nothing that counts: two builds would move the name from one image to the other.
  const made = platform.once(`image ${ref}`, () =>
    platform.engine.image(
      name,
      {
        ref,
        // Nothing here may differ from machine to machine, as that would be a change.
        build: {
          context: fromHere(context),
          ...(dockerfile === DOCKERFILE ? {} : { dockerfile }),
          ...(target === undefined ? {} : { target }),
          ...(wanted === undefined ? {} : { platform: wanted }),
          args: buildArgs,
          secretFiles: {
            ca: CA_BUNDLE,
            ...Object.fromEntries(Object.entries(secrets).map(([id, path]) => [id, fromHere(path)])),
          },
        },
      },
      {
        parent,
        hooks: {
          beforeCreate: [
            platform.once("hook builds", () => new pulumi.ResourceHook("platform:builds", () => provideCaBundle())),
          ],
        },
        dependsOn: bases.map(({ image }) => image.resource),
      },
    ),
  );
  return { ...made, ref };
}

const fromHere = (path: string) => relative(process.cwd(), resolve(path)) || ".";

function contentOf(subject: string, read: () => string): string {
  try {
    return readOf(subject, "build.context", read);
  } catch (error) {
    if (error instanceof ArgsError) throw error;
    throw new pulumi.RunError(`${subject}: its image cannot be built: ${(error as Error).message}`);
  }
}

/** The image of a component: one from elsewhere, or one that is built. */
export const imageOrBuild = {
  /** An image by its name in a container registry, or with its equivalent from package registries. @default - it is built */
  image: imageArg().optional(),
  /** How to build its image. @default - it is not built */
  build: Build.optional(),
};

type Images = { image?: unknown; build?: unknown };

/** Refuses both together, as one would be ignored. */
export function refuseTwoImages({ image, build }: Images, { addIssue }: Pick<z.RefinementCtx, "addIssue">): void {
  if (image === undefined || build === undefined) return;
  const message = sentence("It has one image: set `image` or `build`, not both.");
  addIssue({ code: "custom", path: ["image"], message });
}

/** Refuses both together, and neither: for components without an image of their own. */
export function refuseImageAndBuild(images: Images, context: Pick<z.RefinementCtx, "addIssue">): void {
  refuseTwoImages(images, context);
  if (images.image !== undefined || images.build !== undefined) return;
  const message = sentence("Say which image it runs: `image`, or `build` for one that is built.");
  context.addIssue({ code: "custom", path: ["image"], message });
}
