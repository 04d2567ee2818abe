import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { builtImage } from "../../components/core/support/built-image.ts";
import { ensureImages } from "../../infra/airgap/images/build.ts";
import { docker, eventually, type Ran, ROOT, run } from "./harness.ts";

const CGROUPS = "/sys/fs/cgroup";
const HERE = { cwd: ROOT, env: process.env };

/**
 * A Docker engine of a test's own, on a machine of its own as far as an engine can tell: with its own network, processes, mounts
 * and /run, which all go when its power is cut, as they go with a real machine. Only its data folder lasts. It needs root.
 */
export class OwnEngine {
  readonly folder = mkdtempSync(join(tmpdir(), "stackyard-e2e-engine-"));
  readonly host = `unix://${this.folder}/docker.sock`;
  /** Its containers' control groups are below it. */
  readonly #group = basename(this.folder);
  #machine: ChildProcess | undefined;
  #engine: ChildProcess | undefined;

  /** Starts the machine, and the engine on it. */
  async boot(): Promise<void> {
    // Its first process takes on those whose parents have ended.
    const init = "mount -t tmpfs tmpfs /run && ip link set lo up && echo up && { sleep infinity & wait; }";
    const own = ["--uts", "--net", "--mount", "--pid", "--mount-proc", "--fork", "--kill-child"];
    this.#machine = spawn("unshare", [...own, "bash", "-c", init], { stdio: ["ignore", "pipe", "inherit"] });
    await once(this.#machine.stdout as NonNullable<ChildProcess["stdout"]>, "data");
    await this.start();
  }

  /** Starts the engine, and waits until it answers. */
  async start(): Promise<void> {
    writeFileSync(join(this.folder, "daemon.json"), "{}");
    const options = [
      ["--config-file", join(this.folder, "daemon.json")],
      ["--data-root", join(this.folder, "data")],
      ["--host", this.host],
      ["--exec-opt", "native.cgroupdriver=cgroupfs"],
      ["--cgroup-parent", `/${this.#group}`],
    ];
    const engine = spawn("nsenter", [...this.#inside(), "dockerd", ...options.flat()], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#engine = engine;
    engine.stderr.pipe(createWriteStream(this.#log, { flags: "a" }));
    await eventually(async () => {
      if (engine.exitCode === null && (await this.docker("version")).code === 0) return;
      throw new Error(`the engine does not answer:\n${readFileSync(this.#log, "utf8").slice(-3_000)}`);
    });
  }

  /** Ends the engine in order, as a package upgrade does, and starts it again. */
  async restart(): Promise<void> {
    await this.#end("kill -TERM $(cat /run/docker.pid)");
    await this.start();
  }

  /** Kills the engine with its containerd, and starts it again. Its containers run on meanwhile. */
  async kill(): Promise<void> {
    await this.#end("kill -KILL $(cat /run/docker.pid) $(cat /run/docker/containerd/containerd.pid)");
    await this.start();
  }

  /** Ends the machine at once, with all that runs on it. */
  async cutPower(): Promise<void> {
    const ended = [this.#machine, this.#engine].flatMap((each) =>
      each?.exitCode === null ? [once(each, "exit")] : [],
    );
    this.#machine?.kill("SIGKILL");
    await Promise.all(ended);
  }

  /** The docker CLI, at this engine. */
  docker = (...args: string[]): Promise<Ran> => docker(args, { DOCKER_HOST: this.host });

  /** Brings images that were built from package registries here from the machine's engine, which gets what it lacks. */
  async copyImages(names: readonly string[]): Promise<void> {
    await ensureImages(names);
    const file = join(this.folder, "images.tar");
    for (const { code, output } of [
      await docker(["save", "--output", file, ...names.map((name) => builtImage(name).ref)]),
      await this.docker("load", "--input", file),
    ]) {
      if (code !== 0) throw new Error(output);
    }
    rmSync(file);
  }

  /** Asks a port that the engine has published; resolves with status and body. */
  async ask(port: number, path: string): Promise<string> {
    const url = `http://127.0.0.1:${port}${path}`;
    const { code, stdout } = await this.#run("curl", "-sS", "-m", "5", "-w", "\n%{http_code}", url);
    const [body, status] = [stdout.slice(0, stdout.lastIndexOf("\n")), stdout.slice(stdout.lastIndexOf("\n") + 1)];
    return code === 0 ? `${status} ${body}` : `failed: ${code}`;
  }

  /** Leaves nothing, even of an engine that did not start. */
  async dispose(): Promise<void> {
    await this.cutPower();
    const groups = [CGROUPS, "-depth", "-type", "d", "-path", `*/${this.#group}*`];
    await eventually(async () => {
      const { output } = await run("find", [...groups, "-exec", "rmdir", "{}", "+"], HERE);
      if (output !== "") throw new Error(output);
    });
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #end(command: string): Promise<void> {
    const ended = this.#engine && once(this.#engine, "exit");
    const { code, output } = await this.#run("sh", "-c", command);
    if (code !== 0) throw new Error(output);
    await ended;
  }

  get #log(): string {
    return join(this.folder, "engine.log");
  }

  /** The beginning of a command that runs on the machine. */
  #inside(): string[] {
    const pid = this.#machine?.pid;
    const [first = ""] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
    return ["--target", first, "--uts", "--net", "--mount", "--pid"];
  }

  #run = (...command: string[]): Promise<Ran> => run("nsenter", [...this.#inside(), ...command], HERE);
}
