import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { builtImage } from "../../components/core/support/built-image.ts";
import { pinned } from "../../components/core/support/lock.ts";
import { docker, ROOT } from "./harness.ts";

/** Official images, by the folder of infra/airgap/images that builds their counterpart; the one in `imitations/` has the same name. */
const OFFICIAL = {
  postgres: "postgres:17",
  redis: "redis:8",
  minio: "quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z",
  neo4j: "neo4j:5.26-community",
  "qdrant-stand-in": "qdrant/qdrant:v1.19.0-unprivileged",
  ollama: "ollama/ollama:0.17.4",
};
type Imitated = keyof typeof OFFICIAL;

/**
 * Images that behave like the official ones as far as can be seen (entry point, user, folders, log), made from those that are built
 * from package registries. Their names begin with a host of this run's own, as if it were a mirror: no registry can serve anything
 * under that.
 */
export class Imitations {
  /** Whether they can be made: only where package registries are the source of images are there images to make them from. */
  static readonly possible = process.env.STACKYARD_IMAGE_SOURCE !== "registry";
  readonly host = `e2e-${randomBytes(4).toString("hex")}.invalid`;
  readonly #made: string[] = [];

  /** @returns the name under which a stack with `host` as its mirror looks for it, without a digest. */
  async make(name: Imitated): Promise<string> {
    const ref = pinned(OFFICIAL[name], this.host, {});
    this.#made.push(ref);
    const folder = join(ROOT, "tests/e2e/imitations", name);
    const base = `BASE=${builtImage(name).ref}`;
    const { code, output } = await docker(["build", "--build-arg", base, "--tag", ref, folder]);
    if (code !== 0) throw new Error(output);
    return ref;
  }

  async makeAll(): Promise<void> {
    await Promise.all(Object.keys(OFFICIAL).map((name) => this.make(name as Imitated)));
  }

  async dispose(): Promise<void> {
    if (this.#made.length > 0) await docker(["image", "rm", "--force", ...this.#made]);
  }
}
