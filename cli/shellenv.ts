import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const SHELLENV = fileURLToPath(new URL("../infra/setup/shellenv.sh", import.meta.url));

/** Prints the environment in which plain `pulumi` uses the same CLI, state and stack files as the verbs. */
export const shellenv = () => void execFileSync("bash", [SHELLENV], { stdio: "inherit" });
