import type {
  ContainerListed,
  ContainerState,
  EngineApi,
  FileInVolume,
  Probed,
  PullMessage,
  VolumeListed,
} from "../../../components/engines/containers/api.ts";
import { Clock } from "../../../components/engines/containers/clock.ts";
import type { ImageConfig } from "../../../components/engines/engine.ts";

/** One call of the fake engine: `["start", "c1"]`. */
export type Call = [method: string, ...args: unknown[]];

interface Scripted {
  state: ContainerState;
  /** Changes that happen on their own, by their time. */
  later: { at: number; patch: Partial<ContainerState> }[];
  onStart: (container: FakeContainer) => void;
  log: string[];
  exit: PromiseWithResolvers<number>;
  followers: { line: (text: string) => void; since: Date }[];
}

const NEVER = {
  status: "created" as const,
  exitCode: 0,
  outOfMemory: false,
  restarts: 0,
  labels: {},
  createdAt: new Date(0),
};

/** A Docker engine that does what a test tells it to, and records the calls. */
export class FakeEngine implements EngineApi {
  readonly calls: Call[] = [];
  readonly containers = new Map<string, Scripted>();
  version: string | Error = "1.45";
  /** By how much its clock is ahead of this machine's. */
  aheadMs = 0;
  /** What it says its id is. */
  ownId: string | undefined;
  usedSubnets: string[] = [];
  /** Where the machine's routes lead. */
  routesThere: string[] = [];
  /** By other processes. */
  readonly claimedSubnets = new Set<string>();
  /** Names of the volumes that are there. */
  readonly madeVolumes = new Set<string>();
  listedVolumes: VolumeListed[] = [];
  /** References of the images that are there. */
  readonly images = new Set<string>();
  /** What images say of themselves, by reference or id. */
  readonly configs = new Map<string, ImageConfig>();
  /** Health checks that images have, by id. */
  readonly probes = new Map<string, string[]>();
  /** Progress that is reported while an image is pulled. */
  readonly pulls = new Map<string, PullMessage[]>();
  listed: ContainerListed[] = [];
  /** Networks of each container, with its aliases there. */
  readonly joined = new Map<string, Record<string, string[]>>();
  listedNetworks: { id: string; name: string }[] = [];
  /** What a program in a container ends with. */
  executed: (command: readonly string[]) => { exitCode: number; output: string } = () => ({ exitCode: 0, output: "" });
  /** Thrown by the method of that name. */
  readonly failures = new Map<string, Error>();

  /** A container, created and never started unless the state says otherwise. */
  container(id: string, state: Partial<ContainerState> = {}): FakeContainer {
    const scripted: Scripted = {
      state: { ...NEVER, id, name: id, ...state },
      later: [],
      onStart: () => {},
      log: [],
      exit: Promise.withResolvers<number>(),
      followers: [],
    };
    this.containers.set(id, scripted);
    return new FakeContainer(scripted);
  }

  /** The calls that change something, in order. */
  get acts(): Call[] {
    return this.calls.filter(([method]) =>
      ["start", "restart", "remove", "kill", "limitPids", "update", "putFiles", "fillVolume"].includes(method),
    );
  }

  async ping(): Promise<string> {
    this.#note("ping");
    if (this.version instanceof Error) throw this.version;
    return this.version;
  }

  async engineId() {
    this.#note("engineId");
    return this.ownId;
  }

  async info() {
    this.#note("info");
    return { version: "26.1.5", memoryBytes: 8 * 1024 ** 3, cpus: 2, folder: "/var/lib/docker" };
  }

  async stop(id: string): Promise<void> {
    this.#note("stop", id);
  }

  async createLike(id: string, like: object): Promise<string> {
    this.#note("createLike", id, like);
    return `${id}-like`;
  }

  async clock() {
    this.#note("clock");
    return new Clock(this.aheadMs);
  }

  async inspect(id: string): Promise<ContainerState | undefined> {
    this.#note("inspect", id);
    const it = this.containers.get(id);
    if (!it) return undefined;
    while (it.later[0] && it.later[0].at <= Date.now()) Object.assign(it.state, it.later.shift()?.patch);
    return structuredClone(it.state);
  }

  async list(labels: Record<string, string>): Promise<ContainerListed[]> {
    this.#note("list", labels);
    return this.listed.filter((each) => Object.entries(labels).every(([key, value]) => each.labels[key] === value));
  }

  async start(id: string): Promise<void> {
    this.#note("start", id);
    this.#started(id);
  }

  async restart(id: string, graceSeconds: number): Promise<void> {
    this.#note("restart", id, graceSeconds);
    this.#started(id);
  }

  async remove(id: string, graceSeconds?: number): Promise<void> {
    this.#note("remove", id, graceSeconds);
    this.containers.delete(id);
  }

  async kill(id: string): Promise<void> {
    this.#note("kill", id);
    new FakeContainer(this.#scripted(id)).exits(137);
  }

  async wait(id: string): Promise<number> {
    this.#note("wait", id);
    return this.#scripted(id).exit.promise;
  }

  async limitPids(id: string, most: number): Promise<void> {
    this.#note("limitPids", id, most);
    this.#scripted(id).state.pidsLimit = most;
  }

  async update(id: string, to: unknown): Promise<void> {
    this.#note("update", id, to);
    this.#scripted(id);
  }

  async logs(id: string, lines = Infinity): Promise<string[]> {
    this.#note("logs", id, lines);
    return this.containers.get(id)?.log.slice(-lines) ?? [];
  }

  async follow(id: string, since: Date, line: (text: string) => void, signal: AbortSignal): Promise<void> {
    this.#note("follow", id, since);
    const it = this.#scripted(id);
    it.followers.push({ line, since });
    const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    await Promise.race([it.exit.promise, aborted]);
  }

  async putFiles(id: string, folder: string, files: FileInVolume[]): Promise<void> {
    this.#note("putFiles", id, folder, files);
  }

  async fillVolume(
    volume: string,
    files: FileInVolume[],
    image: string,
    labels: Record<string, string>,
  ): Promise<void> {
    this.#note("fillVolume", volume, files, image, labels);
  }

  async endpoints(id: string): Promise<Record<string, string[]>> {
    this.#note("endpoints", id);
    return structuredClone(this.joined.get(id) ?? {});
  }

  async join(id: string, network: string, aliases: readonly string[]): Promise<void> {
    this.#note("join", id, network, aliases);
    this.joined.set(id, { ...this.joined.get(id), [network]: [...aliases] });
  }

  async leave(id: string, network: string): Promise<void> {
    this.#note("leave", id, network);
    const { [network]: _, ...others } = this.joined.get(id) ?? {};
    this.joined.set(id, others);
  }

  async execute(id: string, command: readonly string[]): Promise<{ exitCode: number; output: string }> {
    this.#note("execute", id, command);
    return this.executed(command);
  }

  async networks(labels: Record<string, string>): Promise<{ id: string; name: string }[]> {
    this.#note("networks", labels);
    return this.listedNetworks;
  }

  async removeNetwork(id: string): Promise<void> {
    this.#note("removeNetwork", id);
  }

  async volumes(labels: Record<string, string>): Promise<VolumeListed[]> {
    this.#note("volumes", labels);
    return this.listedVolumes.filter((each) =>
      Object.entries(labels).every(([key, value]) => each.labels[key] === value),
    );
  }

  async removeVolume(name: string): Promise<void> {
    this.#note("removeVolume", name);
    this.madeVolumes.delete(name);
  }

  async emptyVolume(name: string, labels: Record<string, string>): Promise<void> {
    this.#note("emptyVolume", name, labels);
  }

  async isEmptyVolume(name: string): Promise<boolean> {
    this.#note("isEmptyVolume", name);
    return false;
  }

  async digest(ref: string): Promise<string> {
    this.#note("digest", ref);
    return `sha256:${ref}`;
  }

  async hasVolume(name: string): Promise<boolean> {
    this.#note("hasVolume", name);
    return this.madeVolumes.has(name);
  }

  async imageConfig(ref: string): Promise<ImageConfig | undefined> {
    this.#note("imageConfig", ref);
    return this.configs.get(ref);
  }

  async imageProbe(ref: string): Promise<string[] | undefined> {
    this.#note("imageProbe", ref);
    return this.probes.get(ref);
  }

  async fileOf(image: string, path: string): Promise<Buffer> {
    this.#note("fileOf", image, path);
    return Buffer.from(`${path} of ${image}`);
  }

  async ownVolume(volume: string, path: string, image: string, owner: { uid: number; gid: number }): Promise<void> {
    this.#note("ownVolume", volume, path, image, owner);
  }

  async hasImage(ref: string): Promise<boolean> {
    this.#note("hasImage", ref);
    return this.images.has(ref);
  }

  async imageId(ref: string): Promise<string | undefined> {
    this.#note("imageId", ref);
    return this.images.has(ref) ? `sha256:of-${ref}` : undefined;
  }

  async *pull(ref: string, credentials: unknown): AsyncIterable<PullMessage> {
    this.#note("pull", ref, ...(credentials ? [credentials] : []));
    for (const message of this.pulls.get(ref) ?? []) yield message;
    this.images.add(ref);
  }

  async allImages() {
    this.#note("allImages");
    return [];
  }

  async imageNamedAt() {
    return new Date(0);
  }

  async buildCacheBytes() {
    return 0;
  }

  async labelled() {
    return [];
  }

  async imageNames(pattern: string): Promise<string[]> {
    this.#note("imageNames", pattern);
    return [...this.images];
  }

  async removeImage(name: string): Promise<void> {
    this.#note("removeImage", name);
    this.images.delete(name);
  }

  routes(): string[] {
    return this.routesThere;
  }

  async subnets(): Promise<string[]> {
    this.#note("subnets");
    return this.usedSubnets;
  }

  claimSubnet(subnet: string): boolean {
    return !this.claimedSubnets.has(subnet);
  }

  #note(method: string, ...args: unknown[]): void {
    this.calls.push([method, ...args]);
    const failure = this.failures.get(method);
    if (failure) throw failure;
  }

  #scripted(id: string): Scripted {
    const it = this.containers.get(id);
    if (!it) throw new Error(`No such container: ${id}`);
    return it;
  }

  #started(id: string): void {
    const it = this.#scripted(id);
    const startedAt = new Date(Date.now() + this.aheadMs);
    Object.assign(it.state, { status: "running", exitCode: 0, outOfMemory: false, restarts: 0, startedAt });
    it.onStart(new FakeContainer(it));
  }
}

/** What a test says of one container of the fake engine. */
export class FakeContainer {
  readonly #it: Scripted;

  constructor(it: Scripted) {
    this.#it = it;
  }

  /** Changes that many ms from now. */
  in(ms: number, patch: Partial<ContainerState>): this {
    this.#it.later.push({ at: Date.now() + ms, patch });
    return this;
  }

  /** What happens whenever somebody starts it. */
  onStart(then: (container: FakeContainer) => void): this {
    this.#it.onStart = then;
    return this;
  }

  /** Lines that it writes, now. */
  writes(...lines: string[]): this {
    this.#it.log.push(...lines);
    for (const { line } of this.#it.followers) for (const each of lines) line(each);
    return this;
  }

  /** It ends, now. */
  exits(exitCode: number, patch: Partial<ContainerState> = {}): this {
    Object.assign(this.#it.state, { status: "exited", exitCode, ...patch });
    this.#it.exit.resolve(exitCode);
    return this;
  }
}

/** One run of a health check, so many ms from now. */
export function probed(exitCode: number, output = "", startsInMs = 0, tookMs = 50): Probed {
  const start = Date.now() + startsInMs;
  return { start: new Date(start), end: new Date(start + tookMs), exitCode, output };
}
