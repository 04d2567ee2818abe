import { type ChildProcess, spawn } from "node:child_process";
import { createDecipheriv, randomBytes } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, stringify } from "yaml";
import { BUILT, builtImage } from "../../components/core/support/built-image.ts";
import { argumentsOf } from "../../components/engines/command-line.ts";
import { engineApi } from "../../components/engines/containers/api.ts";
import { dockerHost } from "../../components/engines/containers/host.ts";
import { newStack, PASSPHRASE } from "./new-stack.ts";

/** What a verb can be given on make's command line. */
const WORDS =
  "s only follow tail since json format file show c from match hours mirror wait fresh YES DISCARD REFRESH".split(" ");

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The result of a command. */
export interface Ran {
  code: number;
  /** Both streams, in the order in which they came. */
  output: string;
  stdout: string;
}

export const api = engineApi(dockerHost());

/** A resource in the state. */
export interface Recorded {
  /** Kind and name: `Container redis`. */
  key: string;
  urn: string;
  type: string;
  id: string;
  inputs: Record<string, unknown>;
  outputs: Record<string, unknown>;
  /** Keys of the resources that had to exist before it. */
  dependsOn: string[];
}

/** A Pulumi stack of a test's own: with a random name, and a state folder and ports that nobody else has. It leaves no trace. */
export class TestStack {
  readonly name = `e2e-${randomBytes(4).toString("hex")}`;
  readonly folder = mkdtempSync(join(tmpdir(), "stackyard-e2e-"));
  readonly configFile = join(this.folder, `Pulumi.${this.name}.yaml`);
  readonly env: NodeJS.ProcessEnv;
  /** The folder with Pulumi.yaml: the project itself, or a test's own program. */
  readonly program: string;
  #settings: Record<string, unknown> = {};

  constructor(program = ROOT) {
    this.program = program;
    mkdirSync(join(this.folder, "backend"));
    this.env = {
      ...process.env,
      PULUMI_BACKEND_URL: `file://${this.folder}/backend`,
      PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
      PULUMI_OPTION_CONFIG_FILE: this.configFile,
      PULUMI_STACK: this.name,
    };
    delete this.env.PULUMI_CONFIG_PASSPHRASE_FILE;
  }

  /** Writes the settings and makes the stack, as `pulumi stack init` does. */
  async create(settings: Record<string, unknown>): Promise<void> {
    const { name, project, meta, state, salt } = newStack();
    mkdirSync(dirname(this.#stateFile), { recursive: true });
    writeFileSync(join(this.folder, "backend/.pulumi/meta.yaml"), meta);
    writeFileSync(this.#stateFile, state.replace(`/${project}/${name}"`, `/${this.project}/${this.name}"`));
    this.#salt = salt;
    this.configure(settings);
  }

  #salt = "";

  /** Replaces the settings: keys without the project's name. */
  configure(settings: Record<string, unknown>): void {
    this.#settings = settings;
    const config = Object.fromEntries(
      Object.entries(settings).map(([key, value]) => [`${this.project}:${key}`, value]),
    );
    writeFileSync(this.configFile, `${stringify({ config })}${this.#salt}\n`);
  }

  get settings(): Record<string, unknown> {
    return this.#settings;
  }

  get project(): string {
    return /^name: (\S+)$/m.exec(readFileSync(join(this.program, "Pulumi.yaml"), "utf8"))?.[1] ?? "";
  }

  pulumi(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
    return run("pulumi", [...args, ...(args[0] === "stack" ? [] : ["--stack", this.name])], {
      cwd: this.program,
      env: { ...this.env, ...env },
    });
  }

  up(env: NodeJS.ProcessEnv = {}, ...flags: string[]): Promise<Ran> {
    return this.pulumi(["up", "--yes", "--skip-preview", ...flags], env);
  }

  /**
   * A verb, as make runs it once the machine is ready. Only for the project's own program, or a copy of it.
   *
   * @param given words of make (`s`, `follow`, `DISCARD`, …), and variables of the environment.
   */
  verb(name: string, given: NodeJS.ProcessEnv = {}): Promise<Ran> {
    const { args, env } = this.#verb(name, given);
    return run("node", args, { cwd: this.program, env });
  }

  #verb(name: string, given: NodeJS.ProcessEnv) {
    const isWord = ([key]: [string, unknown]) => WORDS.includes(key);
    const words = Object.entries(given).filter(isWord);
    const env = Object.fromEntries(Object.entries(given).filter((each) => !isWord(each)));
    const typed = argumentsOf(words.map(([word, value]) => `${word}=${value}`));
    return { args: [join(this.program, "cli/stackyard.ts"), name, ...typed], env: { ...this.env, ...env } };
  }

  /**
   * The steps of a preview, sorted: `replace Container redis`. From its text, because `--json` ends in a panic when a
   * secret is part of a step ("attempt to encrypt value", Pulumi 3.255).
   */
  async planned(env: NodeJS.ProcessEnv = {}, ...flags: string[]): Promise<string[]> {
    const { code, output } = await this.pulumi(["preview", ...flags], env);
    if (code !== 0) throw new Error(output);
    const lines = [...output.matchAll(/^ \S+ +[\w:]+:(\w+) (\S+) (create|update|replace|delete)\b/gm)];
    const steps = new Map(lines.map(([, kind, name, step]) => [`${kind} ${name}`, step]));
    // A replacement has lines for its parts as well.
    for (const [, kind, name, step] of lines) if (step === "replace") steps.set(`${kind} ${name}`, step);
    return [...steps].map(([key, step]) => `${step} ${key}`).sort();
  }

  /** @throws Error with the differences that a preview finds, which is refreshed unless `refreshed` is false. */
  async unchanged(env: NodeJS.ProcessEnv = {}, refreshed = true): Promise<void> {
    const flags = refreshed ? ["--refresh"] : [];
    const { code, output } = await this.pulumi(["preview", "--diff", "--expect-no-changes", ...flags], env);
    if (code !== 0) throw new Error(`a preview ${flags.join(" ")} finds changes:\n${output}`);
  }

  /** All ids in the state, by kind and name (`Container redis`), sorted. */
  async state(): Promise<Record<string, string>> {
    return Object.fromEntries(
      this.resources()
        .map(({ key, id }) => [key, id])
        .sort(),
    );
  }

  /** URNs in state, by kind and name as above. */
  urns(keys: readonly string[]): string[] {
    return this.resources().flatMap(({ key, urn }) => (keys.includes(key) ? [urn] : []));
  }

  /** All resources in the state, from its file: `pulumi stack export` takes a second. */
  resources(): Recorded[] {
    const { checkpoint } = JSON.parse(readFileSync(this.#stateFile, "utf8")) as {
      checkpoint: {
        latest?: { resources?: (Partial<Recorded> & { urn: string; type: string; dependencies?: string[] })[] };
      };
    };
    return (checkpoint.latest?.resources ?? []).map(
      ({ urn, type, id = "", inputs = {}, outputs = {}, dependencies = [] }) => {
        return { key: keyOf(urn), urn, type, id, inputs, outputs, dependsOn: dependencies.map(keyOf) };
      },
    );
  }

  /** Changes the state's file, as if another version had written it. */
  rewriteState(change: (text: string) => string): void {
    writeFileSync(this.#stateFile, change(readFileSync(this.#stateFile, "utf8")));
  }

  get #stateFile(): string {
    return join(this.folder, "backend/.pulumi/stacks", this.project, `${this.name}.json`);
  }

  /** `pulumi up` in a process group of its own, so that it can be killed with all its children. */
  startUp(env: NodeJS.ProcessEnv = {}): ChildProcess {
    return spawn("pulumi", ["up", "--yes", "--skip-preview", "--stack", this.name], {
      cwd: this.program,
      env: { ...this.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
  }

  /** A verb in a process group of its own, as above. */
  startVerb(name: string, given: NodeJS.ProcessEnv = {}): ChildProcess {
    const { args, env } = this.#verb(name, given);
    return spawn("node", args, {
      cwd: this.program,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
  }

  /** A stack output, even a secret one, from the state's file: `pulumi stack output` takes a second. */
  async outputs<T>(name: string): Promise<T> {
    const outputs = this.resources().find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs ?? {};
    if (!Object.hasOwn(outputs, name)) throw new Error(`no output ${name}, only ${Object.keys(outputs)}`);
    return decrypted(outputs[name], Buffer.from(newStack().key, "hex")) as T;
  }

  /** All containers of this stack, whoever made them. */
  containers(labels: Record<string, string> = {}) {
    return api.list({ "stackyard.stack": this.name, ...labels });
  }

  /** The one container of a service or a job. */
  async container(service: string) {
    const found = await this.containers({ "stackyard.service": service });
    const [only] = found;
    if (!only || found.length !== 1) throw new Error(`${found.length} containers of ${service}`);
    return only;
  }

  /** The network on which a service is reached; or its own one, by which the host reaches it and it reaches out. */
  async network(service: string, kind: "network" | "outside" = "network"): Promise<string> {
    const labels = { "stackyard.stack": this.name, "stackyard.service": service, "stackyard.kind": kind };
    const [network] = await api.networks(labels);
    if (!network) throw new Error(`no ${kind} of ${service}`);
    return network.name;
  }

  /** Runs a command in a container of its own, on one network. Its environment is not on the command line. */
  async client(network: string, image: string, command: string[], env: Record<string, string> = {}): Promise<Ran> {
    const label = ["--label", `stackyard.stack=${this.name}`];
    const variables = Object.keys(env).flatMap((key) => ["--env", key]);
    return docker(
      ["run", "--rm", "--network", network, ...label, ...variables, "--entrypoint", "", image, ...command],
      env,
    );
  }

  /** Names of everything of this stack that is on the engine. */
  async leftovers(): Promise<string[]> {
    const labels = { "stackyard.stack": this.name };
    const [containers, networks, volumes] = await Promise.all([
      api.list(labels),
      api.networks(labels),
      api.volumes(labels),
    ]);
    return [...containers, ...networks, ...volumes].map(({ name }) => name);
  }

  /** Removes everything, even after a test that failed half way. */
  async dispose(): Promise<void> {
    const labels = { "stackyard.stack": this.name };
    await Promise.all((await api.list(labels)).map(({ id }) => api.remove(id, 5)));
    await Promise.all((await api.networks(labels)).map(({ id }) => api.removeNetwork(id)));
    await Promise.all((await api.volumes(labels)).map(({ name }) => api.removeVolume(name)));
    const built = await api.imageNames(`${BUILT}*-${this.name}-*:*`);
    await Promise.all(built.map((name) => api.removeImage(name)));
    rmSync(this.folder, { recursive: true, force: true });
    rmSync(join(this.program, `Pulumi.${this.name}.yaml`), { force: true });
  }
}

/** `Container redis` for `urn:pulumi:dev::stackyard::…$docker:index/container:Container::redis`. */
const keyOf = (urn: string) => `${/(\w+)::[^:]*$/.exec(urn)?.[1]} ${urn.slice(urn.lastIndexOf("::") + 2)}`;

/** The key by which the state marks encrypted values. */
const SECRET = "4dabf18193072939515e22adb298388d";

/** A value of the state with its secrets in plain text: pulumi encrypts the JSON of each by AES-256-GCM, the tag at its end. */
function decrypted(value: unknown, key: Buffer): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => decrypted(each, key));
  if (!Object.hasOwn(value, SECRET))
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, decrypted(each, key)]));
  const [, nonce = "", sealed = ""] = (value as { ciphertext: string }).ciphertext.split(":");
  const text = Buffer.from(sealed, "base64");
  const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce, "base64")).setAuthTag(text.subarray(-16));
  const plain = Buffer.concat([decipher.update(text.subarray(0, -16)), decipher.final()]);
  return decrypted(JSON.parse(String(plain)), key);
}

/** The docker CLI. */
export function docker(args: string[], env: Record<string, string> = {}): Promise<Ran> {
  return run("docker", args, { cwd: ROOT, env: { ...process.env, ...env } });
}

/** The output of `docker inspect` for one thing. */
export async function inspect<T>(id: string): Promise<T> {
  const { code, stdout, output } = await docker(["inspect", id]);
  if (code !== 0) throw new Error(output);
  return (JSON.parse(stdout) as [T])[0];
}

/** The image that the stacks use for a server: one that was built from package registries, where there is one. */
export async function localImage(name: "nginx" | "node" | "postgres" | "redis"): Promise<string> {
  const built = builtImage(name).ref;
  return (await api.hasImage(built))
    ? built
    : { nginx: "nginx:1.30", node: "node:24-slim", postgres: "postgres:17", redis: "redis:8" }[name];
}

/** A copy of the project with `changes` by path, also of new files. The test has to remove it. */
export function copyOfProject(changes: Record<string, (before: string) => string> = {}): string {
  const copy = mkdtempSync(join(tmpdir(), "stackyard-e2e-copy-"));
  const parts =
    "cli components examples/api examples/web infra stacks index.ts images.lock.json package.json Pulumi.yaml".split(
      " ",
    );
  for (const part of parts) {
    cpSync(join(ROOT, part), join(copy, part), { recursive: true, filter: (from) => !from.endsWith("/node_modules") });
  }
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
  for (const [path, change] of Object.entries(changes)) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    writeFileSync(join(copy, path), change(existsSync(join(copy, path)) ? readFileSync(join(copy, path), "utf8") : ""));
  }
  return copy;
}

/** Repeats a check until it does not throw any more. @throws its last error once the time is over. */
export async function eventually<T>(check: () => Promise<T>, seconds = 60): Promise<T> {
  for (const deadline = Date.now() + seconds * 1000; ; ) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

export function run(
  command: string,
  args: string[],
  options: { cwd: string; env: NodeJS.ProcessEnv; input?: string },
): Promise<Ran> {
  const child = spawn(command, args, { cwd: options.cwd, env: options.env, stdio: ["pipe", "pipe", "pipe"] });
  // The program may have ended before it reads its input.
  child.stdin.on("error", () => {}).end(options.input ?? "");
  return ended(child);
}

export function ended(child: ChildProcess): Promise<Ran> {
  let output = "";
  let stdout = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (output += text));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? -1, output, stdout }));
  });
}

/**
 * Sends a signal to a whole process group as soon as it has written a text, and waits for its end. `hit` is false when it has
 * ended by itself before.
 */
export async function signalledAt(
  child: ChildProcess,
  signal: NodeJS.Signals,
  looked: RegExp,
): Promise<Ran & { hit: boolean }> {
  let seen = "";
  let hit = false;
  child.stdout?.on("data", (text: Buffer | string) => {
    seen += String(text);
    if (hit || !looked.test(seen) || child.pid === undefined || child.exitCode !== null) return;
    process.kill(-child.pid, signal);
    hit = true;
  });
  return { ...(await ended(child)), hit };
}

const FIRST_PORT = 20_000;
const RANGES = 50;
const PORTS_IN_RANGE = 250;

let range: Promise<number> | undefined;
let nextPort = 1;

/**
 * Ports on 127.0.0.1 that are free now, and that no other test file gets while this one runs, even when this one frees them for
 * a while, as by a replaced container. They are below the ports that the system gives to outgoing connections.
 */
export async function freePorts(count: number): Promise<number[]> {
  range ??= claimedRange();
  const first = await range;
  const free: number[] = [];
  while (free.length < count) {
    if (nextPort === PORTS_IN_RANGE) throw new Error(`no port is left of those from ${first} on`);
    const port = first + nextPort++;
    if (await isFree(port)) free.push(port);
  }
  return free;
}

/** A range of ports for this process. A process has a range while it listens on the first port, also in other runs and clones. */
async function claimedRange(): Promise<number> {
  const from = Math.floor(Math.random() * RANGES);
  for (let at = 0; at < RANGES; at++) {
    const first = FIRST_PORT + ((from + at) % RANGES) * PORTS_IN_RANGE;
    const claimed = await new Promise<boolean>((resolve) => {
      const server = createServer().once("error", () => resolve(false));
      server.listen(first, "127.0.0.1", () => {
        server.unref();
        resolve(true);
      });
    });
    if (claimed) return first;
  }
  throw new Error("every range of ports is claimed: other tests run on this machine");
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** Reduces the polyglot stack to PostgreSQL, Redis and the API: most tests need no more, and the others take long to start. */
export const SMALL = Object.fromEntries(
  ["neo4j", "qdrant", "minio", "ollama"].map((name) => [name, { enabled: false }]),
);

/** Settings for a small polyglot stack with ports of its own. */
export async function polyglotSettings(more: Record<string, unknown> = {}) {
  const [postgres = 0, redis = 0, apiPort = 0] = await freePorts(3);
  return {
    ports: { postgres, redis, api: apiPort },
    settings: {
      ...SMALL,
      postgres: { hostPort: postgres, memoryMiB: 256 },
      redis: { hostPort: redis },
      api: { hostPort: apiPort },
      ...more,
    },
  };
}

/** The settings of a tracked stack file, with ports of their own wherever it has one. */
export async function trackedSettings(file: string) {
  const { config } = parse(readFileSync(join(ROOT, file), "utf8")) as { config: Record<string, unknown> };
  const settings = Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace(/^\w+:/, ""), value]));
  for (const options of Object.values(settings)) {
    if (typeof options !== "object" || options === null) continue;
    for (const key of Object.keys(options).filter((key) => /port$/i.test(key))) {
      Object.assign(options, { [key]: (await freePorts(1))[0] });
    }
  }
  return settings as Record<string, Record<string, unknown>>;
}
