/** A resource as the Pulumi engine is asked for it, or has it in a state. */
export interface Resource {
  /** Kind and name: `Container redis`. */
  key: string;
  id: string;
  inputs: Record<string, unknown>;
  /** Keys of those that have to be there before. */
  dependsOn: readonly string[];
}

/** What no resource says. */
export interface Known {
  /** How many processes a container may have: its gate limits it, not its resource. */
  pids: (service: string) => number;
  /** The port of the host in place of ours, which is taken. */
  port: (ours: number) => number;
  /** The volume with a copy of what ours is handed in a folder. */
  copy: (service: string, folder: string) => string;
}

/** A compose file, as far as it is told apart here. */
export interface Model {
  services: Record<string, Record<string, unknown> & { extra_hosts: string[] }>;
  networks: Record<string, unknown>;
  volumes: Record<string, unknown>;
}

/** Of a container's inputs, those that docker compose is told of; no others may be there but what is named below. */
interface Inputs {
  image: string;
  command?: string[];
  entrypoints?: string[];
  envs: string[];
  user: string;
  capabilities: { drops: string[]; adds?: string[] };
  securityOpts: string[];
  readOnly: boolean;
  init: boolean;
  tmpfs: Record<string, string>;
  hosts?: { host: string; ip: string }[];
  memory: number;
  memorySwap: number;
  shmSize?: number;
  cpus?: string;
  networksAdvanced: { name: string }[];
  logDriver: string;
  logOpts: Record<string, string>;
  restart: string;
  destroyGraceSeconds: number;
  ports?: { internal: number; external: number; ip: string }[];
  healthcheck?: {
    tests: string[];
    interval: string;
    timeout: string;
    startPeriod: string;
    startInterval: string;
    retries: number;
  };
  volumes: { containerPath: string; volumeName?: string; readOnly?: boolean }[];
  mounts?: { source: string; target: string }[];
}

/** What is Pulumi's own, or says who a container belongs to: there is nothing of it in a compose file. */
const OURS = ["labels", "start", "mustRun", "stopTimeout", "networkMode"];

/**
 * The compose file of a stack: what a user would write who wants the same. Made out of the stack itself, so that no change of a
 * component is forgotten in it.
 *
 * @throws Error naming what a container is given that no compose file is told of here.
 */
export function modelOf(resources: readonly Resource[], known: Known): Model {
  const of = (kind: string) =>
    resources
      .filter(({ key }) => key.startsWith(`${kind} `))
      .map(({ key, id, inputs, dependsOn }) => {
        return { name: key.slice(kind.length + 1), id, inputs: plain(inputs), dependsOn };
      });
  const containers = of("Container");
  const networks = of("Network");
  const named = new Map(networks.map(({ id, name }) => [id, name]));
  /** What a container, or a job's gate, waits for. */
  const waits = (name: string, keys: readonly string[]) =>
    keys.flatMap((key) => {
      const [, other = "", gate] = /^Stash (.*)-(ready|done)$/.exec(key) ?? [];
      if (other === name || !containers.some((each) => each.name === other)) return [];
      return [[other, { condition: gate === "ready" ? "service_healthy" : "service_completed_successfully" }]];
    });
  const done = new Map(of("Stash").map(({ name, dependsOn }) => [name, dependsOn]));

  const volumes: Model["volumes"] = {};
  const services = containers.map(({ name, inputs, dependsOn }) => {
    const { told, mounted } = serviceOf(name, inputs, known);
    Object.assign(volumes, mounted);
    const { networksAdvanced } = inputs as unknown as Inputs;
    return [
      name,
      {
        ...told,
        networks: networksAdvanced.map((each) => named.get(each.name)),
        depends_on: Object.fromEntries(waits(name, [...dependsOn, ...(done.get(`${name}-done`) ?? [])])),
      },
    ];
  });
  return {
    services: Object.fromEntries(services),
    networks: Object.fromEntries(
      networks.map(({ name, inputs: { driver, internal, options } }) => [
        name,
        { driver, internal, driver_opts: options },
      ]),
    ),
    volumes,
  };
}

function serviceOf(name: string, inputs: Record<string, unknown>, { pids, port, copy }: Known) {
  const {
    image,
    command,
    entrypoints,
    envs,
    user,
    capabilities,
    securityOpts,
    readOnly,
    init,
    tmpfs,
    hosts = [],
    memory,
    memorySwap,
    shmSize,
    cpus,
    networksAdvanced: _,
    logDriver,
    logOpts,
    restart,
    destroyGraceSeconds,
    ports = [],
    healthcheck: probe,
    volumes,
    mounts = [],
    ...rest
  } = inputs as unknown as Inputs;
  const unknown = Object.keys(rest).filter((key) => !OURS.includes(key));
  if (unknown.length > 0) throw new Error(`Container ${name}: no compose file is told of ${unknown.join(", ")}`);

  const mounted = volumes.map(({ containerPath, volumeName, readOnly }) => {
    // What a job is handed is in volumes without a name, what a service is handed in some that it cannot write.
    const data = volumeName !== undefined && !readOnly;
    const source = data ? name : `${name}${containerPath.replaceAll("/", "-")}`;
    return {
      mount: { type: "volume", source, target: containerPath, ...(readOnly ? { read_only: true } : {}) },
      volume: [source, data ? {} : { external: true, name: copy(name, containerPath) }] as const,
    };
  });
  const told = {
    image,
    // All of them are there.
    pull_policy: "never",
    ...(command && { command }),
    ...(entrypoints && { entrypoint: entrypoints }),
    environment: envs,
    user,
    cap_drop: capabilities.drops,
    ...(capabilities.adds && { cap_add: capabilities.adds }),
    security_opt: securityOpts,
    read_only: readOnly,
    init,
    tmpfs: Object.entries(tmpfs).map(([path, options]) => `${path}:${options}`),
    extra_hosts: hosts.map(({ host, ip }) => `${host}:${ip}`),
    mem_limit: `${memory}m`,
    memswap_limit: `${memorySwap}m`,
    ...(shmSize !== undefined && { shm_size: `${shmSize}m` }),
    ...(cpus !== undefined && { cpus }),
    pids_limit: pids(name),
    logging: { driver: logDriver, options: logOpts },
    restart,
    stop_grace_period: `${destroyGraceSeconds}s`,
    ports: ports.map(({ internal, external, ip }) => `${ip}:${port(external)}:${internal}`),
    ...(probe && {
      healthcheck: {
        test: probe.tests,
        interval: probe.interval,
        timeout: probe.timeout,
        start_period: probe.startPeriod,
        start_interval: probe.startInterval,
        retries: probe.retries,
      },
    }),
    volumes: [
      ...mounted.map(({ mount }) => mount),
      ...mounts.map(({ source, target }) => ({ type: "bind", source, target, read_only: true })),
    ],
  };
  return { told, mounted: Object.fromEntries(mounted.map(({ volume }) => volume)) };
}

/** Without the provider's own defaults, which a state has among the inputs, and names. */
const plain = (inputs: Record<string, unknown>): Record<string, unknown> =>
  JSON.parse(JSON.stringify(inputs), (_, value) => {
    if (!Array.isArray(value?.__defaults)) return value;
    const given = Object.entries(value).filter(([key]) => key !== "__defaults" && !value.__defaults.includes(key));
    return Object.fromEntries(given);
  });
