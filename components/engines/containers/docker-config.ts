import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** The folder in which the docker CLI keeps its configuration: DOCKER_CONFIG, else `~/.docker`. */
export const dockerFolder = (env: NodeJS.ProcessEnv): string => env.DOCKER_CONFIG || join(homedir(), ".docker");

/**
 * The content of a JSON file of the docker CLI; undefined where there is no such file.
 *
 * @throws Error with the file's name, and without its content, which may have passwords in it.
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
