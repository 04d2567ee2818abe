// node infra/package/build.ts: makes dist/, which the package has: the same tree as here, with JavaScript and types in the place of
// TypeScript, which Node.js does not read in a package. `npm pack` runs it.
import { execFileSync } from "node:child_process";
import { cpSync, globSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DIST = join(ROOT, "dist");

/** What is used as it is: scripts and programs that run in containers, set-up, and what images and the toolchain are built from. */
const ASSETS = [
  "components/**/*.{sh,sql,mts}",
  "infra/lean.mjs",
  "examples/starter/**",
  "infra/setup/**/*.sh",
  "infra/airgap/toolchain/**",
  "infra/airgap/images/*/**",
  "images.lock.json",
];

rmSync(DIST, { recursive: true, force: true });
execFileSync(process.execPath, [resolve(ROOT, "node_modules/typescript/bin/tsc"), "-p", join(ROOT, "infra/package")], {
  stdio: "inherit",
});
for (const path of globSync(ASSETS, { cwd: ROOT, withFileTypes: true })) {
  if (!path.isFile()) continue;
  const from = join(path.parentPath, path.name);
  cpSync(from, join(DIST, from.slice(ROOT.length)), { preserveTimestamps: true });
}
