import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Files of what this process has claimed. */
const held = new Set<string>();

/**
 * Claims a subnet for as long as this process runs, against others on this machine that are about to make a network as well:
 * between asking the engine what is used and making a network of what is not, another `up` may do the same. A claim is a file in
 * Stackyard's cache folder (infra/setup/env.sh says which that is), with the id of the process.
 *
 * @returns whether it is this process's. Where no file can be written it is.
 */
export function claimSubnet(subnet: string): boolean {
  const folder = join(cacheFolder(), "subnets");
  const file = join(folder, subnet.replace("/", "-"));
  try {
    mkdirSync(folder, { recursive: true });
    if (!write(file)) {
      const owner = readFileSync(file, "utf8");
      // Empty for the moment in which it is written.
      if (owner === "" || runs(Number(owner))) return false;
      rmSync(file, { force: true });
      if (!write(file)) return false;
    }
  } catch {
    return true;
  }
  if (held.size === 0) process.once("exit", () => held.forEach((each) => void rmSync(each, { force: true })));
  held.add(file);
  return true;
}

/** As infra/setup/env.sh has it, which a test compares: a program that plain `pulumi` runs does not get it from there. */
export function cacheFolder(): string {
  return process.env.STACKYARD_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "stackyard");
}

/** Whether it was not there. */
function write(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
