import { ensureImages, imageNames } from "../../infra/airgap/images/build.ts";

/** The contract is proved on every database's image, also on those that no stack here uses: they are built first. */
export default async function setup(): Promise<void> {
  if (process.env.STACKYARD_IMAGE_SOURCE !== "registry") await ensureImages(imageNames());
}
