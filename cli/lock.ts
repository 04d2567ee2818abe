import { writeFileSync } from "node:fs";
import { LOCK_FILE, pinned, readLock } from "../components/core/lock.ts";
import { engine } from "./shared/stack.ts";

// make lock [mirror=registry.example.com]: asks the registry, through the engine, for the present digest of every image in the
// lock file. Nothing is written unless all of them answered.

const api = await engine();
const mirror = process.env.mirror || undefined;
const before = readLock();
const after = Object.fromEntries(
  await Promise.all(
    Object.keys(before).map(async (image) => {
      const ref = pinned(image, mirror, {});
      try {
        return [image, await api.digest(ref)] as const;
      } catch (error) {
        process.stderr.write(`${ref}: no digest (${(error as Error).message.trim()})\n`);
        return [image, undefined] as const;
      }
    }),
  ),
);
if (Object.values(after).some((digest) => digest === undefined)) {
  process.stderr.write(
    "The lock file was left as it is. Is the registry reachable from the engine? mirror=HOST names another.\n",
  );
  process.exit(1);
}
writeFileSync(LOCK_FILE, `${JSON.stringify(after, null, 2)}\n`);
for (const [image, digest] of Object.entries(after)) {
  process.stdout.write(`${image} ${digest}${digest === before[image] ? "" : " (new)"}\n`);
}
