import { proveContract } from "./contract.ts";

// Over the images that a stack has here: built from package registries, or official ones.

const packages = process.env.STACKYARD_IMAGE_SOURCE !== "registry";

proveContract({ users: packages ? { Minio: "1000:1000" } : {} });
