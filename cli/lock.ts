import { writeFileSync } from "node:fs";
import { LOCK_FILE, pinned, readLock } from "../components/core/support/lock.ts";
import { flagWith } from "../components/engines/command-line.ts";
import { reachEngine } from "./shared/engine.ts";

/**
 * Asks the container registry, through the engine and with the credentials that `docker login` has stored, for the present digest
 * of every image in the lock file. Nothing is written unless all are answered.
 *
 * @param mirror a registry that serves the same repositories: `registry.example.com`.
 */
export async function lock({ mirror }: { mirror?: string }): Promise<void> {
  const engine = await reachEngine();
  const before = readLock();
  const after = Object.fromEntries(
    await Promise.all(
      Object.keys(before).map(async (image) => {
        const ref = pinned(image, mirror, {});
        try {
          return [image, await engine.digest(ref)] as const;
        } catch (error) {
          process.stderr.write(`${(error as Error).message}\n`);
          return [image, undefined] as const;
        }
      }),
    ),
  );
  if (Object.values(after).some((digest) => digest === undefined)) {
    throw new Error(
      `The lock file was left as it is. ${flagWith("mirror", "HOST")} names another registry with the same repositories.`,
    );
  }
  writeFileSync(LOCK_FILE, `${JSON.stringify(after, null, 2)}\n`);
  for (const [image, digest] of Object.entries(after)) {
    process.stdout.write(`${image} ${digest}${digest === before[image] ? "" : " (new)"}\n`);
  }
}
