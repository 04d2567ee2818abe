import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { dockerFolder, readDockerFile } from "./docker-config.ts";

/** Where a Docker engine is. */
export interface DockerHost {
  /** `unix:///path`, `tcp://host:port`, `ssh://user@host` or `npipe://…`. */
  host: string;
  /** Folder with ca.pem, cert.pem and key.pem, for TCP with TLS. */
  certPath?: string;
}

/** Whether the engine is on this machine. */
export const isLocal = ({ host }: DockerHost): boolean => host.startsWith("unix:") || host.startsWith("npipe:");

/**
 * The engine that the docker CLI would use: DOCKER_HOST, else DOCKER_CONTEXT, else the CLI's current context, else the local
 * socket. Resolved here because the provider reads only a context's host, not its TLS files, and checks the local socket first.
 *
 * @throws Error when the named context does not exist, or a file of the CLI is not JSON.
 */
export function dockerHost(env: NodeJS.ProcessEnv = process.env): DockerHost {
  if (env.DOCKER_HOST) {
    // As for the CLI, an address alone means TCP.
    const host = env.DOCKER_HOST.includes("://") ? env.DOCKER_HOST : `tcp://${env.DOCKER_HOST}`;
    return { host, ...(env.DOCKER_CERT_PATH ? { certPath: env.DOCKER_CERT_PATH } : {}) };
  }
  const folder = dockerFolder(env);
  const current = () => readDockerFile<{ currentContext?: string }>(join(folder, "config.json"))?.currentContext;
  const context = env.DOCKER_CONTEXT || current() || "default";
  if (context === "default") return { host: "unix:///var/run/docker.sock" };
  const id = createHash("sha256").update(context).digest("hex");
  const meta = readDockerFile<{ Endpoints: { docker: { Host: string } } }>(
    join(folder, "contexts", "meta", id, "meta.json"),
  );
  if (!meta) {
    throw new Error(
      `Docker context "${context}" is not there. Choose one of \`docker context ls\` by \`docker context use\`.`,
    );
  }
  const tls = join(folder, "contexts", "tls", id, "docker");
  return { host: meta.Endpoints.docker.Host, ...(existsSync(tls) ? { certPath: tls } : {}) };
}
