import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Gives a run of tests a PULUMI_HOME of its own, with the plugins of the real one. Pulumi writes a log of every command there,
 * which is a tenth of its CPU time and could fill the disk; where no folder can be made for these logs, it does without.
 */
export default function setup(): () => void {
  const plugins = join(process.env.PULUMI_HOME ?? join(homedir(), ".pulumi"), "plugins");
  mkdirSync(plugins, { recursive: true });
  const home = mkdtempSync(join(tmpdir(), "stackyard-e2e-pulumi-"));
  symlinkSync(plugins, join(home, "plugins"));
  writeFileSync(join(home, "logs"), "");
  process.env.PULUMI_HOME = home;
  return () => rmSync(home, { recursive: true });
}
