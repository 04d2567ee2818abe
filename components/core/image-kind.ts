import * as pulumi from "@pulumi/pulumi";
import { valueOf } from "../engines/value.ts";
import { gate } from "./gate.ts";
import { type ImageFacts, type ImageHandle, imageOn, type OwnImage } from "./image.ts";
import type { Platform } from "./platform.ts";

/** What tells an image of one kind of server from other images. */
interface Kind {
  /** For messages: `Postgres "main"`. */
  subject: string;
  /** The kind itself: `Postgres`. */
  name: string;
  /** The image that it is tested with. */
  like: ImageFacts;
  /** The port that it listens on. */
  port: number;
  /** Variables that every image of it has. */
  variables: readonly string[];
}

/**
 * An image that a user gives for a kind of server. One of another kind would be noticed only when the server starts, over an empty
 * volume. It is refused before anything is touched if the image is on the engine; otherwise once it has been pulled or built,
 * before a container is made or replaced.
 */
export function imageOfKind(
  name: string,
  platform: Platform,
  image: ImageFacts | OwnImage,
  kind: Kind,
  opts: pulumi.CustomResourceOptions,
): ImageHandle {
  const handle = imageOn(platform, image);
  const refuse = async (ref: string) => {
    const fault = await faultOf(platform, ref, image, kind);
    if (fault !== undefined) throw new pulumi.RunError(`${kind.subject}: ${fault}`);
  };
  platform.check(refuse(handle.ref));
  const checked = gate(`${name}-image`, { image: handle.key }, async () => refuse(await valueOf(handle.key)), opts);
  // By the gate's URN, whatever takes the image waits for the gate.
  return { ...handle, key: pulumi.all([handle.key, checked.urn]).apply(([key]) => key) };
}

/** In doubt there is none: what an image is derived from shows only in what it says of itself. */
async function faultOf(
  { engine }: Platform,
  ref: string,
  image: ImageFacts | OwnImage,
  { subject, name, like, port, variables }: Kind,
): Promise<string | undefined> {
  const config = await engine.imageConfig(ref);
  if (!config) return undefined;
  const missing = variables.find((variable) => !config.env.some((each) => each.startsWith(`${variable}=`)));
  const word = /[^/:]+(?=:)/.exec(like.registry)?.[0] ?? like.registry;
  const named = [...config.env, ...config.words].some((text) => text.toLowerCase().includes(word));
  if (missing === undefined && (named || config.ports.includes(port))) return undefined;
  const own = "build" in image && image.subject === subject;
  const shown = own ? "what its `build` makes" : "build" in image ? `the image of ${image.subject}` : image.registry;
  const lacks =
    missing === undefined
      ? `it neither exposes port ${port} nor names ${word} in its variables, command, folders or labels`
      : `it has no variable ${missing}`;
  const instead = own ? `Base its Dockerfile on ${like.registry}` : "Set `image` to such a one";
  return `${shown} is not an image of ${name}: ${lacks}, as ${like.registry} and images made from it do. ${instead}, or leave it out.`;
}
