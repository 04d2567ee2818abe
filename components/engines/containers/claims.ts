import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** The files of this process's claims. */
const claimed = new Set<string>();

/**
 * Claims a subnet for as long as this process runs: between asking the engine which are used and making a network of a free one,
 * another `up` on this machine may choose the same. A claim is a file in Stackyard's cache folder (see infra/setup/env.sh), with
 * the id of the process.
 *
 * @returns whether this process has it; also where no file can be written.
 */
export function claimSubnet(subnet: string): boolean {
  const folder = join(cacheFolder(), "subnets");
  const file = join(folder, subnet.replace("/", "-"));
  try {
    mkdirSync(folder, { recursive: true });
    if (!create(file)) {
      const owner = readFileSync(file, "utf8");
      // Empty while it is being written.
      if (owner === "" || isAlive(Number(owner))) return false;
      rmSync(file, { force: true });
      if (!create(file)) return false;
    }
  } catch {
    return true;
  }
  if (claimed.size === 0) process.once("exit", () => claimed.forEach((each) => void rmSync(each, { force: true })));
  claimed.add(file);
  return true;
}

/** The same folder as in infra/setup/env.sh, which plain `pulumi` does not run; a test compares the two. */
export function cacheFolder(): string {
  return process.env.STACKYARD_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "stackyard");
}

/** @returns whether the file did not exist. */
function create(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
