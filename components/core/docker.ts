/** Arguments of the Docker provider's own resources, for what nothing here has a word for. */
export type { ContainerOverrides } from "../engines/containers/containers.ts";
