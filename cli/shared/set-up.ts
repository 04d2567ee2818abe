import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const SETUP = fileURLToPath(new URL("../../infra/setup/setup.sh", import.meta.url));

/** A step of set-up: infra/setup/steps/ has a file for each. */
export type Step = "node" | "packages" | "pulumi" | "engine" | "state" | "images";

/**
 * Makes this machine ready, by the steps that whoever started this process has not done already, and takes on the environment in
 * which pulumi, its state and the caches are found. Ends the verb where a step fails: it has said why.
 *
 * @param decide whether to look again where images come from.
 */
export function setUp(steps: readonly Step[], { decide = false } = {}): void {
  const done = (process.env.STACKYARD_READY ?? "").split(" ");
  const missing = decide ? steps : steps.filter((step) => !done.includes(step));
  if (missing.length === 0) return;
  const { status, stdout } = spawnSync("bash", [SETUP, ...missing, "--print"], {
    stdio: ["inherit", "pipe", "inherit"],
    encoding: "utf8",
    env: { ...process.env, ...(decide ? { STACKYARD_DECIDE: "1" } : {}) },
  });
  if (status !== 0) process.exit(status ?? 1);
  for (const each of stdout.split("\0").slice(0, -1)) {
    const [, name = "", value = ""] = /^(\w+)=(.*)$/s.exec(each) ?? [];
    if (value === "") delete process.env[name];
    else process.env[name] = value;
  }
}
