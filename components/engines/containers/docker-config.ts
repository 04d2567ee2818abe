import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** The folder in which the docker CLI keeps its configuration: DOCKER_CONFIG, else `~/.docker`. */
export const dockerFolder = (env: NodeJS.ProcessEnv): string => env.DOCKER_CONFIG || join(homedir(), ".docker");

/**
 * What a JSON file of the docker CLI says; undefined where there is no such file.
 *
 * @throws Error naming the file, and nothing of what is in it, which may be passwords.
 */
export function readDockerFile<T>(file: string): T | undefined {
  if (!existsSync(file)) return undefined;
  const text = readFileSync(file, "utf8");
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new Error(`${file} should be JSON, as the docker CLI writes it. Mend it, or remove it and sign in again.`);
  }
}
