import { expect } from "vitest";
import { FACTS } from "../contract/facts.ts";
import { api, docker, eventually } from "./harness.ts";

/** A database's container like its component's, made without Pulumi: one after another over the same volume. */
export class Standalone {
  static readonly #made: string[] = [];
  static readonly PASSWORD = "hunter22";
  readonly name: string;
  readonly #facts: (typeof FACTS)["Postgres" | "Redis"];
  readonly #image: string;
  readonly #mounted: string;

  /** @param name of the container and of the volume on the engine. */
  constructor(kind: "Postgres" | "Redis", name: string, image: string, mounted?: string) {
    this.name = name;
    this.#facts = FACTS[kind];
    this.#image = image;
    this.#mounted = mounted ?? this.#facts.dataPath;
    Standalone.#made.push(name);
  }

  static async dispose(): Promise<void> {
    await Promise.all(Standalone.#made.map((name) => api.remove(name, 0)));
    const volumes = Standalone.#made.flatMap((name) => [name, `${name}-secrets`]);
    await Promise.all(volumes.map((name) => api.removeVolume(name)));
  }

  /** @param command in place of the component's. */
  async start(env: string[] = [], command: readonly string[] = this.#facts.container.command): Promise<void> {
    const { container, credential } = this.#facts;
    await api.remove(this.name, 0);
    const [uid = 0, gid = 0] = container.user.split(":").map(Number);
    const files = Object.entries(credential.files(Standalone.PASSWORD)).map(([name, content]) => {
      return { name, content, mode: 0o400, uid, gid };
    });
    await api.fillVolume(`${this.name}-secrets`, files, this.#image, {});
    const tmpfs = { "/tmp": "mode=1777,size=64m", ...("tmpfs" in container ? container.tmpfs : {}) };
    await call(
      ...["run", "--detach", "--name", this.name, "--user", container.user, "--read-only", "--cap-drop", "ALL"],
      ...["--security-opt", "no-new-privileges", "--network", "none", "--volume", `${this.name}:${this.#mounted}`],
      ...["--volume", `${this.name}-secrets:/run/secrets:ro`],
      ...Object.entries(tmpfs).flatMap(([path, options]) => ["--tmpfs", `${path}:${options}`]),
      ...[...container.envs, ...env].flatMap((each) => ["--env", each]),
      ...[this.#image, ...command],
    );
  }

  log = async (): Promise<string> => (await docker(["logs", this.name])).output;

  async says(what: string | RegExp): Promise<void> {
    await eventually(async () => expect(await this.log()).toMatch(what));
  }

  exec = (...command: string[]): Promise<string> => call("exec", this.name, ...command);

  /** Kills it without warning. */
  kill = (): Promise<void> => api.kill(this.name);

  /** Stops it. @returns its exit code. */
  async stop(signal?: string): Promise<number> {
    await call("stop", "--time", "60", ...(signal ? ["--signal", signal] : []), this.name);
    return api.wait(this.name);
  }

  ended = (): Promise<number> => api.wait(this.name);

  /** Runs a script in its volume while the server does not run. */
  async inVolume(script: string): Promise<string> {
    const mount = ["--volume", `${this.name}:${this.#mounted}`, "--user", this.#facts.container.user];
    return call("run", "--rm", ...mount, "--entrypoint", "bash", this.#image, "-euc", `cd ${this.#mounted}\n${script}`);
  }
}

async function call(...args: string[]): Promise<string> {
  const { code, output, stdout } = await docker(args);
  if (code !== 0) throw new Error(output);
  return stdout.trim();
}
