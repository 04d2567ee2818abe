import { ensureImages, imageNames } from "../../infra/airgap/images/build.ts";

/** Builds every database's image first, because the contract is proved on all, also on those that no stack here uses. */
export default async function setup(): Promise<void> {
  if (process.env.STACKYARD_IMAGE_SOURCE !== "registry") await ensureImages(imageNames());
}
