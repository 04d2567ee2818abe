import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type Docker from "dockerode";
import { docker, freePorts, inspect, type Ran } from "../e2e/harness.ts";
import { type Model, modelOf, type Resource } from "./model.ts";

type Inspected = Docker.ContainerInspectInfo;

/** A stack of ours as docker compose has it, as a project of its own name; and no trace afterwards. */
export class Compose {
  readonly name: string;
  readonly #folder = mkdtempSync(join(tmpdir(), "stackyard-bench-"));
  /** Names of the volumes with what our containers are handed, by name of ours. */
  readonly #copies: ReadonlyMap<string, string>;

  /**
   * @param resources of our stack, which is up: what its containers are handed is taken from them.
   * @param containers ids by service.
   */
  static async create(
    name: string,
    resources: readonly Resource[],
    containers: Record<string, string>,
  ): Promise<Compose> {
    const copies = new Map<string, string>();
    const ours = new Map(
      await Promise.all(
        Object.entries(containers).map(async ([key, id]) => [key, await inspect<Inspected>(id)] as const),
      ),
    );
    const ports = new Map<number, number>();
    for (const { HostConfig } of ours.values()) {
      for (const [bound] of Object.values(HostConfig.PortBindings ?? {}) as { HostPort: string }[][]) {
        if (bound) ports.set(Number(bound.HostPort), (await freePorts(1))[0] ?? 0);
      }
    }
    const model = modelOf(resources, {
      pids: (service) => ours.get(service)?.HostConfig.PidsLimit ?? 0,
      port: (port) => ports.get(port) ?? 0,
      copy: (service, folder) => {
        const mount = ours.get(service)?.Mounts.find(({ Destination }) => Destination === folder);
        if (!mount?.Name) throw new Error(`${service} has no volume in ${folder}`);
        const copy = `${name}-${service}${folder.replaceAll("/", "-")}`;
        copies.set(mount.Name, copy);
        return copy;
      },
    });
    const made = new Compose(name, copies);
    made.#write("same", model);
    const { services } = model;
    const usual = Object.entries(services).map(([service, told]) => [service, { ...told, extra_hosts: [] }]);
    made.#write("usual", { ...model, services: Object.fromEntries(usual) });
    const { code, output } = await made.#copy(ours.get("postgres")?.Image ?? "");
    if (code === 0) return made;
    await made.dispose();
    throw new Error(output);
  }

  private constructor(name: string, copies: ReadonlyMap<string, string>) {
    this.name = name;
    this.#copies = copies;
  }

  #write(name: string, model: Model): void {
    // Nothing in it is a variable.
    writeFileSync(join(this.#folder, `${name}.yaml`), JSON.stringify(model).replaceAll("$", "$$$$"), { mode: 0o600 });
  }

  /** With owners and modes, in one container. */
  #copy(image: string): Promise<Ran> {
    const mounts = [...this.#copies].flatMap(([from, to], at) => [
      ...["--volume", `${from}:/from/${at}:ro`],
      ...["--volume", `${to}:/to/${at}`],
    ]);
    const script = `for from in /from/*; do cp -a "$from/." "/to/\${from##*/}/"; done`;
    return docker([
      ...["run", "--rm", "--user", "0", "--network", "none", ...mounts],
      ...["--entrypoint", "sh", image, "-euc", script],
    ]);
  }

  #run(file: "same" | "usual", ...args: string[]): Promise<Ran> {
    return docker(["compose", "--project-name", this.name, "--file", join(this.#folder, `${file}.yaml`), ...args]);
  }

  /** @param hosts with the entries that ours have in their /etc/hosts: Neo4j's spares it a question to a DNS server. */
  up(hosts = true): Promise<Ran> {
    return this.#run(hosts ? "same" : "usual", "up", "--wait");
  }

  down(): Promise<Ran> {
    return this.#run("same", "down", "--volumes", "--timeout", "10");
  }

  /** Ids by service. */
  async containers(): Promise<Record<string, string>> {
    const label = "com.docker.compose";
    const format = `{{.Label "${label}.service"}} {{.ID}}`;
    const filter = `label=${label}.project=${this.name}`;
    const { stdout } = await docker(["ps", "--all", "--no-trunc", "--filter", filter, "--format", format]);
    return Object.fromEntries(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.split(" ")),
    );
  }

  async dispose(): Promise<void> {
    const down = await this.down();
    const gone = await docker(["volume", "rm", "--force", ...this.#copies.values()]);
    rmSync(this.#folder, { recursive: true });
    for (const { code, output } of [down, gone]) if (code !== 0) throw new Error(output);
  }
}

/** What of a container decides how long it takes to get ready. Where each thing comes from (ids, names, ports of the host) does not. */
function effective({ Image, Config, HostConfig, Mounts, NetworkSettings }: Inspected) {
  const { Healthcheck, Env, User, Entrypoint, Cmd } = Config as typeof Config & { Healthcheck?: object };
  const { Memory, MemorySwap, CpuShares, NanoCpus, PidsLimit, ShmSize } = HostConfig;
  const { CapDrop, SecurityOpt, ReadonlyRootfs, Init } = HostConfig;
  return {
    image: Image,
    command: [Entrypoint ?? [], Cmd ?? []].flat(),
    user: User,
    env: Env.toSorted(),
    probe: Healthcheck,
    limits: { Memory, MemorySwap, CpuShares, NanoCpus, PidsLimit, ShmSize },
    rights: { CapDrop, SecurityOpt, ReadonlyRootfs, init: Init ?? false },
    hosts: HostConfig.ExtraHosts ?? [],
    tmpfs: Object.entries(HostConfig.Tmpfs ?? {}).toSorted(),
    mounts: Mounts.map(({ Type, Destination, RW }) => `${Type} ${Destination} ${RW}`).toSorted(),
    restart: HostConfig.RestartPolicy?.Name,
    log: HostConfig.LogConfig,
    published: Object.keys(HostConfig.PortBindings ?? {}).toSorted(),
    networks: Object.keys(NetworkSettings.Networks).length,
  };
}

/**
 * Sees that containers of the same service are the same but for where they come from, without which their times say nothing.
 *
 * @param ours ids by service.
 * @param theirs ids by service.
 * @throws Error naming every difference.
 */
export async function same(ours: Record<string, string>, theirs: Record<string, string>): Promise<void> {
  const of = async (id: string | undefined) => (id === undefined ? undefined : effective(await inspect<Inspected>(id)));
  const services = [...new Set([...Object.keys(ours), ...Object.keys(theirs)])].sort();
  const faults = await Promise.all(
    services.map(async (service) => {
      const [mine, other] = await Promise.all([of(ours[service]), of(theirs[service])]);
      if (!mine || !other) return [`${service}: only ${mine ? "ours has it" : "docker compose has it"}`];
      return (Object.keys(mine) as (keyof typeof mine)[])
        .filter((key) => !isDeepStrictEqual(mine[key], other[key]))
        .map((key) => `${service}: ${key} should be ${JSON.stringify(mine[key])}, got ${JSON.stringify(other[key])}`);
    }),
  );
  if (faults.flat().length > 0)
    throw new Error(`docker compose has not made what our stack is:\n${faults.flat().join("\n")}`);
}
