import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { dockerFolder, readDockerFile } from "./docker-config.ts";

/** What the engine sends to a container registry. */
export interface Credentials {
  username?: string;
  password?: string;
  /** Instead of both. */
  identitytoken?: string;
  serveraddress: string;
}

interface DockerConfig {
  auths?: Record<string, { auth?: string; username?: string; password?: string; identitytoken?: string }>;
  credHelpers?: Record<string, string>;
  credsStore?: string;
}

/** The time limit of a credential helper, long enough for the touch of a security key. */
const HELPER_MS = 30_000;

const DOCKER_HUB = "docker.io";
/** The key of Docker Hub in the docker CLI's configuration. */
const DOCKER_HUB_KEY = "https://index.docker.io/v1/";

/** The host of the container registry that has an image. */
export function registryOf(ref: string): string {
  const [first = "", ...rest] = ref.split("/");
  return rest.length > 0 && (/[.:]/.test(first) || first === "localhost") ? first : DOCKER_HUB;
}

/**
 * What `docker login` has stored for a registry: in the docker CLI's `config.json`, or with the credential helper that this names.
 * Undefined where nobody has signed in.
 *
 * @param signal ends the helper, and the wait for it, which otherwise takes 30 s at most.
 * @throws Error when the file is not JSON or the helper does not answer; the message has no secret in it.
 */
export async function credentialsFor(
  registry: string,
  env: NodeJS.ProcessEnv = process.env,
  signal?: AbortSignal,
): Promise<Credentials | undefined> {
  const config = readDockerFile<DockerConfig>(join(dockerFolder(env), "config.json"));
  if (!config) return undefined;
  const key = registry === DOCKER_HUB ? DOCKER_HUB_KEY : registry;
  const helper = config.credHelpers?.[key] ?? config.credHelpers?.[registry] ?? config.credsStore;
  if (helper) return askHelper(`docker-credential-${helper}`, key, env, signal);

  const found = Object.entries(config.auths ?? {}).find(([each]) => each === key || hostOf(each) === registry)?.[1];
  if (!found) return undefined;
  const [, username = found.username, password = found.password] =
    /^([^:]*):(.*)$/s.exec(
      Buffer.from(found.auth ?? "", "base64")
        .toString("utf8")
        .replace(/\0+$/, ""),
    ) ?? [];
  if (found.identitytoken) return { identitytoken: found.identitytoken, serveraddress: key };
  return username && password ? { username, password, serveraddress: key } : undefined;
}

/** Older docker CLIs wrote keys as `https://registry.example.com/v2/`. */
const hostOf = (key: string) => key.replace(/^https?:\/\//, "").replace(/\/.*$/s, "");

/** https://docs.docker.com/reference/cli/docker/login/#credential-helper-protocol */
async function askHelper(
  helper: string,
  key: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<Credentials | undefined> {
  signal?.throwIfAborted();
  const limit = AbortSignal.timeout(HELPER_MS);
  const child = spawn(helper, ["get"], { env, stdio: ["pipe", "pipe", "pipe"] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", (error: NodeJS.ErrnoException) =>
      reject(new Error(error.code === "ENOENT" ? `${helper} is not on PATH` : `${helper}: ${error.message}`)),
    );
    child.once("close", resolve);
    AbortSignal.any([limit, ...(signal ? [signal] : [])]).addEventListener("abort", () => {
      child.kill("SIGKILL");
      // A process that it has started may hold its output open.
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
      reject(signal?.aborted ? signal.reason : new Error(`${helper} did not answer within ${HELPER_MS / 1000} s`));
    });
  });
  child.stdin.on("error", () => {}).end(key);
  const [code, output, errors] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  if (code !== 0) {
    if (/credentials not found/i.test(output + errors)) return undefined;
    throw new Error(`${helper} failed: ${(output + errors).trim().split("\n")[0] || `exit code ${code}`}`);
  }
  let answer: { Username: string; Secret: string };
  try {
    answer = JSON.parse(output);
  } catch {
    throw new Error(`${helper} should answer in JSON`);
  }
  return answer.Username === "<token>"
    ? { identitytoken: answer.Secret, serveraddress: key }
    : { username: answer.Username, password: answer.Secret, serveraddress: key };
}
