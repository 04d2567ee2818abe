import { ensureImages, imageNames } from "../infra/airgap/images/build.ts";

/** Builds the images that come from package registries, where the engine does not have them. */
export const images = () => ensureImages(imageNames());
