import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, test } from "vitest";
import { DATABASES, proveContract } from "./contract.ts";
import { copyOfProject, ROOT } from "./harness.ts";
import { Imitations } from "./imitations.ts";

// Over images that behave like the official ones, by a copy of the project that knows no digests: a mirror would have them.

// Imitations are made of images that are built here. Where those come from a container registry, the contract over them
// (contract.test.ts) is over the official ones themselves, and this file says that it has not run.
if (Imitations.possible) overImitations();
else test.skip("over imitations", () => {});

function overImitations(): void {
  const imitations = new Imitations();
  const copy = copyOfProject({ "images.lock.json": () => "{}" });
  cpSync(join(ROOT, DATABASES), join(copy, DATABASES), { recursive: true });

  // Said before the stack's own, and so done after that.
  afterAll(async () => {
    await imitations.dispose();
    rmSync(copy, { recursive: true });
  });

  proveContract({
    program: join(copy, DATABASES),
    settings: async () => {
      await imitations.makeAll();
      return { imageSource: "registry", imageMirror: imitations.host };
    },
  });
}
