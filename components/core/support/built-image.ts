import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { contentHash } from "./content.ts";

const FOLDER = fileURLToPath(new URL("../../../infra/airgap/images/", import.meta.url));

/** A host name that no registry can serve (RFC 2606), so that nothing can pull what was built here. */
export const BUILT = "stackyard.invalid/";

/** An image built from package registries, for sites that reach no container registry. */
export interface BuiltImage {
  /** `stackyard.invalid/NAME:CONTENT`: another content is another name. */
  ref: string;
  /** The folder it is built from: `infra/airgap/images/NAME`. */
  context: string;
  /** Build arguments of its Dockerfile: `BASE`, its base image. Empty for the base image itself, which has no Dockerfile. */
  buildArgs: Record<string, string>;
  /** Its base image, which has to be built first. */
  base?: BuiltImage;
}

/**
 * The image that `infra/airgap/images/NAME` describes. The line `ARG BASE=PARENT` of its Dockerfile names its base image.
 *
 * @param folder another clone's `infra/airgap/images/`. @default - this one's
 */
export function builtImage(name: string, folder = FOLDER): BuiltImage {
  const context = `${folder}${name}`;
  if (name === "base") return { ref: `${BUILT}base:${contentHash(context)}`, context, buildArgs: {} };
  const parent = /^ARG BASE=(\S+)$/m.exec(readFileSync(`${context}/Dockerfile`, "utf8"))?.[1];
  if (parent === undefined) throw new Error(`${context}/Dockerfile: should have a line "ARG BASE=PARENT"`);
  const base = builtImage(parent, folder);
  return {
    ref: `${BUILT}${name}:${contentHash(context, [base.ref])}`,
    context,
    buildArgs: { BASE: base.ref },
    base,
  };
}
