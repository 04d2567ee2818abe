import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

/** What the engine hands to a container registry. */
export interface Credentials {
  username?: string;
  password?: string;
  /** In the place of both. */
  identitytoken?: string;
  serveraddress: string;
}

interface DockerConfig {
  auths?: Record<string, { auth?: string; username?: string; password?: string; identitytoken?: string }>;
  credHelpers?: Record<string, string>;
  credsStore?: string;
}

const DOCKER_HUB = "docker.io";
/** Under which the docker CLI keeps what is for Docker Hub. */
const DOCKER_HUB_KEY = "https://index.docker.io/v1/";

/** The host of the container registry that has an image. */
export function registryOf(ref: string): string {
  const [first = "", ...rest] = ref.split("/");
  return rest.length > 0 && (/[.:]/.test(first) || first === "localhost") ? first : DOCKER_HUB;
}

/**
 * What `docker login` has stored for a registry, where and as the docker CLI keeps it: in its `config.json`, or with a program
 * that this names. Nothing where nobody has signed in.
 *
 * @throws Error when the file cannot be read, or the program does not answer.
 */
export async function credentialsFor(
  registry: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Credentials | undefined> {
  const file = join(env.DOCKER_CONFIG || join(homedir(), ".docker"), "config.json");
  if (!existsSync(file)) return undefined;
  let config: DockerConfig;
  try {
    config = JSON.parse(readFileSync(file, "utf8")) as DockerConfig;
  } catch (error) {
    throw new Error(`${file} cannot be read: ${(error as Error).message}`);
  }
  const key = registry === DOCKER_HUB ? DOCKER_HUB_KEY : registry;
  const helper = config.credHelpers?.[key] ?? config.credHelpers?.[registry] ?? config.credsStore;
  if (helper) return askHelper(`docker-credential-${helper}`, key, env);

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

/** `https://registry.example.com/v2/` was written by older ones. */
const hostOf = (key: string) => key.replace(/^https?:\/\//, "").replace(/\/.*$/s, "");

/** https://docs.docker.com/reference/cli/docker/login/#credential-helper-protocol */
async function askHelper(helper: string, key: string, env: NodeJS.ProcessEnv): Promise<Credentials | undefined> {
  const child = spawn(helper, ["get"], { env, stdio: ["pipe", "pipe", "pipe"], timeout: 30_000 });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", (error: NodeJS.ErrnoException) =>
      reject(new Error(error.code === "ENOENT" ? `${helper} is not on PATH` : `${helper}: ${error.message}`)),
    );
    child.once("close", resolve);
  });
  child.stdin.on("error", () => {}).end(key);
  const [code, said, complaint] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  if (code !== 0) {
    if (/credentials not found/i.test(said + complaint)) return undefined;
    throw new Error(`${helper} failed: ${(said + complaint).trim().split("\n")[0] || `exit code ${code}`}`);
  }
  const { Username, Secret } = JSON.parse(said) as { Username: string; Secret: string };
  return Username === "<token>"
    ? { identitytoken: Secret, serveraddress: key }
    : { username: Username, password: Secret, serveraddress: key };
}
