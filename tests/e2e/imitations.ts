import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { builtImage } from "../../components/core/built-image.ts";
import { docker, ROOT } from "./harness.ts";

const FOLDER = join(ROOT, "tests/e2e/imitations");

/** Images of `imitations/`, each with the folder of infra/airgap/images whose server is in it. */
export const IMITATIONS = readdirSync(FOLDER);

/**
 * Images that behave like the official ones where one can tell (entry point, user, what is logged), made of those that are built
 * from package registries. Their names begin with a host of this run's own, under which no registry can serve anything.
 */
export class Imitations {
  readonly host = `e2e-${randomBytes(4).toString("hex")}.invalid`;
  readonly #made: string[] = [];

  /** @param as repository and tag: `library/postgres:17`. */
  async make(folder: string, as: string): Promise<string> {
    const ref = `${this.host}/${as}`;
    const base = builtImage(folder).ref;
    const { code, output } = await docker(["build", "--build-arg", `BASE=${base}`, "--tag", ref, join(FOLDER, folder)]);
    if (code !== 0) throw new Error(output);
    this.#made.push(ref);
    return ref;
  }

  async dispose(): Promise<void> {
    if (this.#made.length > 0) await docker(["image", "rm", "--force", ...this.#made]);
  }
}
