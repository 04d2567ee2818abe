// What to write instead of something that a Compose file would have, or of a misspelt option. docs/compose.md has all of Compose's keys.

const NETWORK = "a reference in `uses` makes the network path";
const NAMES = "names are generated, so that two copies never collide";
const inDocker = (...options: string[]) => `here it is \`docker: { ${options.join(", ")} }\``;

/** Options of a Compose service: the one that takes their place, and what to say where naming that is not enough. */
export const COMPOSE_WORDS: Record<string, readonly [option: string, hint?: string]> = {
  cap_add: ["capabilities"],
  cap_drop: ["capabilities", "all are dropped except those in `capabilities`"],
  cgroup_parent: ["docker", inDocker("cgroupParent")],
  command: ["settings", "what the server is told is in `settings`"],
  configs: ["files"],
  container_name: ["platform", NAMES],
  cpu_shares: ["docker", inDocker("cpuShares")],
  cpuset: ["docker", inDocker("cpuSet")],
  depends_on: ["uses"],
  deploy: ["memoryMiB", "limits are here options of their own: `memoryMiB`, `cpus`"],
  dns_opt: ["dns", "here it is `dns: { options }`"],
  dns_search: ["dns", "here it is `dns: { search }`"],
  domainname: ["docker", inDocker("domainname")],
  env_file: [
    "env",
    'read it in the program: `env: parseEnv(readFileSync(".env", "utf8"))`, with parseEnv of node:util',
  ],
  environment: ["env"],
  expose: ["connection", "what is in `uses` can be reached at all its ports; `connection` names one for others"],
  external_links: ["uses", "a server outside of the stack is an `external()` in `uses`"],
  extra_hosts: ["hosts"],
  group_add: ["groups"],
  healthcheck: ["probe"],
  host_ip: ["address"],
  ipc: ["docker", inDocker("ipcMode")],
  links: ["uses"],
  logging: ["docker", inDocker("logDriver", "logOpts")],
  mem_limit: ["memoryMiB"],
  mem_reservation: ["docker", inDocker("memoryReservation")],
  memswap_limit: ["memoryMiB", "swap is not used beyond `memoryMiB`"],
  networks: ["uses", NETWORK],
  pid: ["docker", inDocker("pidMode")],
  pids_limit: ["pids"],
  ports: ["hostPort"],
  post_start: ["uses", "a SetupJob that refers to this one does it, once"],
  published: ["hostPort"],
  read_only: ["readOnlyRoot"],
  restart_policy: ["restart"],
  security_opt: ["docker", inDocker("securityOpts")],
  shm_size: ["shmSizeMiB"],
  stdin_open: ["docker", inDocker("stdinOpen")],
  stop_grace_period: ["stopGraceSeconds"],
  target: ["port"],
  tty: ["docker", inDocker("tty")],
  userns_mode: ["docker", inDocker("usernsMode")],
  volumes: ["lifecycle", "its data has a volume already, and `lifecycle` says how long it is kept"],
  volumes_from: ["volumes", "a `Volume` can be in the `volumes` of several"],
};

const plain = (key: string) => key.replace(/[_-]/g, "").toLowerCase();
const WORDS = new Map(Object.entries(COMPOSE_WORDS).map(([word, instead]) => [plain(word), instead]));

/** What to say of an option that is not known. @param known the options of the same object. */
export function unknownOption(key: string, known: readonly string[]): string {
  const refused = "should not be there";
  if (known.length === 0) return refused;
  const same = known.find((each) => plain(each) === plain(key));
  const [option = "", hint = `here it is \`${option}\``] = WORDS.get(plain(key)) ?? [];
  if (same === undefined && known.includes(option)) return `${refused}; ${hint}`;
  const near = same ?? nearest(plain(key), known);
  return `${refused}; ${near === undefined ? `the options are ${known.join(", ")}` : `did you mean \`${near}\`?`}`;
}

/** The option that a key is a misspelling or a part of. */
function nearest(key: string, known: readonly string[]): string | undefined {
  const rated = known.flatMap((option) => {
    const distance = edits(key, plain(option));
    const part = key.length > 3 && plain(option).includes(key);
    return distance <= key.length / 3 || part ? [{ option, distance }] : [];
  });
  return rated.sort((one, other) => one.distance - other.distance)[0]?.option;
}

/** How many letters have to be added, left out or replaced to make one text of the other. */
function edits(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [line, letter] of [...one].entries()) {
    const next = [line + 1];
    for (const [at, each] of [...other].entries())
      next.push(Math.min((next[at] ?? 0) + 1, (row[at + 1] ?? 0) + 1, (row[at] ?? 0) + (each === letter ? 0 : 1)));
    row = next;
  }
  return row.at(-1) ?? 0;
}

/**
 * The same in the form that an option takes, for a value in Compose's short form; undefined where it is none. Values of variables
 * are left out, because they may be secret.
 *
 * @param path of the option.
 */
export function shapeOf(path: readonly PropertyKey[], value: unknown): string | undefined {
  const option = String(path.at(-1));
  if (path.at(-2) === "ports") {
    const port = portOf(value);
    return port && literal(port);
  }
  const texts = typeof value === "string" ? [value] : Array.isArray(value) ? value : [];
  if (option === "uses") return "{ database }";
  if (option === "command" || option === "entrypoint")
    return typeof value === "string" && value.trim() !== "" ? literal(wordsOf(value)) : undefined;
  if (option === "build") return typeof value === "string" ? literal({ context: value }) : undefined;
  if (texts.length === 0) return undefined;
  if (option === "ports") return shapeOfPorts(texts);
  if (!texts.every((each) => typeof each === "string" && each !== "")) return undefined;
  return SHAPES[option]?.(texts);
}

const SHAPES: Record<string, (texts: readonly string[]) => string | undefined> = {
  env: (texts) => pairs(texts, "=", "…"),
  labels: (texts) => pairs(texts, "=", "…"),
  sysctls: (texts) => pairs(texts, "=", "…"),
  args: (texts) => pairs(texts, "=", "…"),
  hosts: (texts) => pairs(texts, /[:=]/),
  mounts: (texts) => pairs(texts, ":"),
  tmpfs: (texts) => literal(Object.fromEntries(texts.map((each) => [each.split(":")[0], {}]))),
  files: (texts) => {
    const paths = texts.map((each) => each.split(":"));
    if (!paths.every(([, path]) => path)) return undefined;
    return literal(Object.fromEntries(paths.map(([here, path]) => [path, here])));
  },
  volumes(texts) {
    const folders = texts.filter((each) => /^[./~]/.test(each) && each.includes(":"));
    const own = texts.filter((each) => !folders.includes(each)).map((each) => each.split(":"));
    const volumes = own.map(([name = "", path = name]) => [
      name
        .toLowerCase()
        .replace(/^\W*|\W+$/g, "")
        .replace(/\W+/g, "_"),
      path,
    ]);
    return [
      ...(volumes.length === 0 ? [] : [literal(Object.fromEntries(volumes))]),
      ...(folders.length === 0 ? [] : [`mounts: ${pairs(folders, ":")}`]),
    ].join(" and ");
  },
};

/** @param shown for each value. @default - the value, which each has to have */
function pairs(texts: readonly string[], separator: string | RegExp, shown?: string): string | undefined {
  const entries = texts.map((each) => {
    const [name = "", value] = each.split(separator);
    return [name, shown ?? value];
  });
  return entries.every(([, value]) => value) ? literal(Object.fromEntries(entries)) : undefined;
}

function shapeOfPorts(values: readonly unknown[]): string | undefined {
  const ports = values.map(portOf);
  if (!ports.every((port) => port !== undefined)) return undefined;
  return literal(Object.fromEntries(ports.map((each) => [ports.length === 1 ? "web" : `port${each.port}`, each])));
}

/** `8080:80`, `127.0.0.1:53:53/udp`, 80, or `{ target: 80, published: 8080 }`. */
function portOf(value: unknown) {
  if (typeof value === "object" && value !== null) {
    const { target, published } = value as { target?: unknown; published?: unknown };
    return portOf(published === undefined ? target : `${published}:${target}`);
  }
  const found = /^(?:(?:([\d.]+):)?(\d*):)?(\d+)(?:\/(tcp|udp))?$/.exec(String(value));
  if (!found) return undefined;
  const [, address, hostPort, port, protocol] = found;
  return {
    port: Number(port),
    ...(hostPort ? { hostPort: Number(hostPort) } : {}),
    ...(address && address !== "127.0.0.1" ? { address } : {}),
    ...(protocol === "udp" ? { protocol } : {}),
  };
}

/** A command by its words; one that only a shell can read goes to a shell. */
const wordsOf = (line: string) => (/["'`$|&;<>()*?~\\]/.test(line) ? ["sh", "-c", line] : line.trim().split(/\s+/));

/** A value as it is written in a program. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(
    ([key, each]) => `${/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key)}: ${literal(each)}`,
  );
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}
