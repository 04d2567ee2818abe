import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The digests that Stackyard itself comes with. */
const OWN = fileURLToPath(new URL("../../../images.lock.json", import.meta.url));
/**
 * The project's file: the digest of each image by its name, so that nothing changes when a tag is moved. `stackyard lock` writes it.
 * It counts before Stackyard's own; a clone of Stackyard has one file for both.
 */
export const LOCK_FILE = "images.lock.json";

/** Digests by image: `{"postgres:17": "sha256:…"}`; empty for one that was not resolved yet. */
export type Lock = Record<string, string>;

export const readLock = (files: readonly string[] = [OWN, LOCK_FILE]): Lock =>
  Object.assign({}, ...files.filter((file) => existsSync(file)).map((file) => JSON.parse(readFileSync(file, "utf8"))));

/**
 * The full name that an image is pulled by: from the mirror, if there is one, and with the digest, if the lock file has it.
 *
 * @param mirror a registry that serves the same repositories: `registry.example.com:5000` or `registry.example.com/proxy`.
 */
export function pinned(image: string, mirror?: string, lock: Lock = readLock()): string {
  const digest = lock[image] ? `@${lock[image]}` : "";
  return `${mirror === undefined ? image : `${mirror}/${repositoryPath(image)}`}${digest}`;
}

/** `postgres:17` is short for `docker.io/library/postgres:17`; a mirror has it under `library/postgres`. */
function repositoryPath(image: string): string {
  const [first = "", ...rest] = image.split("/");
  if (rest.length === 0) return `library/${image}`;
  if (first === "docker.io" && rest.length === 1) return `library/${rest[0]}`;
  return first.includes(".") || first.includes(":") || first === "localhost" ? rest.join("/") : image;
}
