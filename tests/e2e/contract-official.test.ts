import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, test } from "vitest";
import { DATABASES, proveContract } from "./contract.ts";
import { copyOfProject, ROOT } from "./harness.ts";
import { Imitations } from "./imitations.ts";

// Proves the contract over images that behave like the official ones, by a copy of the project without digests.

// Imitations are made from images that are built here. Where images come from a container registry, contract.test.ts is over the
// official ones themselves, and the tests of this file are reported as skipped.
if (Imitations.possible) overImitations();
else test.skip("over imitations", () => {});

function overImitations(): void {
  const imitations = new Imitations();
  const copy = copyOfProject({ "images.lock.json": () => "{}" });
  cpSync(join(ROOT, DATABASES), join(copy, DATABASES), { recursive: true });

  // Registered before the stack's own clean-up, and so run after it.
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
