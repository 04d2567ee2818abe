import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  api,
  docker,
  ended,
  eventually,
  freePorts,
  inspect,
  localImage,
  polyglotSettings,
  type Ran,
  TestStack,
} from "./harness.ts";

// Searches for the generated passwords in every place where somebody could see them, in the forms in which programs write them.
// The same search has to find what is planted in each of these places.

/** A place, and its content. */
interface Place {
  where: string;
  text: string;
}

const stack = new TestStack();
const images: string[] = [];
let forms: Buffer[];
let shown: Place[];
let processes: Place[];

beforeAll(async () => {
  const { settings } = await polyglotSettings();
  await stack.create(settings);
  const watch = await watchProcesses();
  try {
    shown = await everythingShown(settings);
    // A probe takes milliseconds: on a busy machine several may run before one is seen.
    await eventually(async () => {
      await Promise.all(["postgres", "redis"].map(probe));
      expect([...watch.programs]).toEqual(expect.arrayContaining(["psql", "redis-cli", "node"]));
    });
  } finally {
    processes = await watch.end();
  }
  const urls = await stack.outputs<Record<string, string>>("urls");
  forms = [urls.postgres, urls.redis].flatMap((url) => formsOf(decodeURIComponent(new URL(url ?? "").password)));
});

afterAll(async () => {
  await stack.dispose();
  if (images.length > 0) await docker(["image", "rm", "--force", ...images]);
});

test("no password is in any output, in the state, or on the engine", async () => {
  expect(leaks([...shown, ...filesOfPulumi(), ...(await onTheEngine())])).toEqual([]);
  expect(await inLayers()).toEqual([]);
});

test("no password is in the arguments of a process, nor in the environment of one that is not its own server's", () => {
  // The watcher has seen processes at all.
  const seen = processes.map(({ where }) => where);
  for (const probed of ["arguments of psql", "arguments of redis-cli", "environment of node in api"]) {
    expect(seen).toContain(probed);
  }
  expect(leaks(processes)).toEqual([]);
});

test("the search finds planted passwords", async () => {
  const [password] = forms.map(String);
  const url = `redis://default:${password}@redis:6379`;
  const encoded = Buffer.from(url).toString("base64");
  const image = (await stack.container("api")).image;
  const options = ["--label", `stackyard.stack=${stack.name}`, "--network", "none", "--entrypoint", ""];
  const made = async (...args: string[]) => {
    const { code, output, stdout } = await docker(args);
    expect(code, output).toBe(0);
    return stdout.trim();
  };

  const program = ["node", "--eval", `console.log(${JSON.stringify(encoded)}); setTimeout(() => {}, 600_000)`];
  const planted = await made(
    "run",
    "--detach",
    "--name",
    `${stack.name}-planted`,
    ...options,
    "--env",
    `URL=${url}`,
    image,
    ...program,
    encoded,
  );
  const volume = await made("volume", "create", "--label", `stackyard.stack=${stack.name}`, "--label", `url=${url}`);
  const network = `${stack.name}-planted`;
  await made("network", "create", "--label", `stackyard.stack=${stack.name}`, "--label", `url=${encoded}`, network);
  images.push(await made("commit", "--change", `LABEL url=${url}`, "--change", `ENV URL=${encoded}`, planted));
  const copied = await made("create", "--name", `${stack.name}-copied`, ...options, String(images[0]), "true");
  const file = join(stack.folder, "backend", "planted");
  writeFileSync(file, Buffer.from(`passwords: ${encoded}`).toString("utf8"));
  await made("cp", file, `${copied}:/planted`);

  const watch = await watchProcesses();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const places = [...filesOfPulumi(), ...(await onTheEngine()), ...(await watch.end())];
  expect(leaks([...places, { where: "up", text: `url = "${encodeURIComponent(url)}"` }])).toEqual(
    [
      "arguments of node",
      "environment of node in another container",
      `file ${file}`,
      `history of image ${images[0]}`,
      `inspect container ${copied}`,
      `inspect container ${planted}`,
      `inspect image ${images[0]}`,
      `inspect network ${network}`,
      `inspect volume ${volume}`,
      "events",
      `log of container ${planted}`,
      "up",
    ].sort(),
  );
  expect(await inLayers()).toEqual([`layer of container ${copied}`]);
});

/** A password as text, in hexadecimal digits, and in base64, also within something longer (a URL, a file). */
function formsOf(password: string): Buffer[] {
  const inBase64 = [0, 1, 2].map((before) => {
    const text = Buffer.from(`${"x".repeat(before)}${password}`)
      .toString("base64")
      .replace(/=+$/, "");
    // The first and last digits also have bits of the text around it.
    return text.slice(Math.ceil((before * 4) / 3), -2);
  });
  // Letters and digits, which a URL does not encode.
  expect(encodeURIComponent(password)).toBe(password);
  return [password, Buffer.from(password).toString("hex"), ...inBase64].map((form) => Buffer.from(form));
}

function leaks(places: readonly Place[]): string[] {
  const found = places.filter(({ text }) => forms.some((form) => text.includes(String(form))));
  return [...new Set(found.map(({ where }) => where))].sort();
}

/** The output of `up`, previews and the other commands. */
async function everythingShown(settings: Record<string, unknown>): Promise<Place[]> {
  const places: Place[] = [];
  const note = async (where: string, running: Promise<Ran>) => {
    const { code, output } = await running;
    expect(code, output).toBe(0);
    places.push({ where, text: output });
  };
  await note("up", stack.up({}, "--diff", "--show-reads"));
  const [hostPort] = await freePorts(1);
  // A change, so that there is something to show.
  stack.configure({ ...settings, redis: { hostPort }, api: { memoryMiB: 300 } });
  await note(
    "preview",
    stack.pulumi(["preview", "--diff", "--refresh", "--show-sames", "--show-replacement-steps", "--show-config"]),
  );
  await note("preview as JSON", stack.pulumi(["preview", "--json"]));
  stack.configure(settings);
  await note("output", stack.pulumi(["stack", "output", "-s", stack.name]));
  await note("output as JSON", stack.pulumi(["stack", "output", "--json", "-s", stack.name]));
  await note("export", stack.pulumi(["stack", "export", "-s", stack.name]));
  await note("config", stack.pulumi(["config"]));
  for (const verb of ["ps", "logs", "preview"]) await note(`verb ${verb}`, stack.verb(verb));
  return places;
}

/** The state with its history and backups, and the stack's file. */
function filesOfPulumi(): Place[] {
  const found = readdirSync(stack.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const files = found.map(({ parentPath, name }) => join(parentPath, name));
  expect(files).toContain(stack.configFile);
  expect(files.some((file) => file.endsWith(`${stack.name}.json`))).toBe(true);
  return files.map((file) => ({ where: `file ${file}`, text: readFileSync(file, "latin1") }));
}

/** The engine's inspections of the stack's containers, volumes, networks and images, its events, and the containers' logs. */
async function onTheEngine(): Promise<Place[]> {
  const labels = { "stackyard.stack": stack.name };
  const containers = await stack.containers();
  const pick = <T>(all: T[], of: (each: T) => string) => [...new Set(all.map(of))];
  const asked: [string, string[]][] = [
    ...pick(containers, ({ id }) => id).flatMap((id): [string, string[]][] => [
      [`inspect container ${id}`, ["container", "inspect", "--size", id]],
      [`log of container ${id}`, ["logs", "--details", id]],
    ]),
    ...pick(containers, ({ image }) => image).flatMap((id): [string, string[]][] => [
      [`inspect image ${id}`, ["image", "inspect", id]],
      [`history of image ${id}`, ["history", "--no-trunc", id]],
    ]),
    ...pick(await api.volumes(labels), ({ name }) => name).map((id): [string, string[]] => [
      `inspect volume ${id}`,
      ["volume", "inspect", id],
    ]),
    ...pick(await api.networks(labels), ({ name }) => name).map((id): [string, string[]] => [
      `inspect network ${id}`,
      ["network", "inspect", id],
    ]),
    ["events", ["events", "--since", "10m", "--until", "0s", "--filter", `label=stackyard.stack=${stack.name}`]],
  ];
  return Promise.all(
    asked.map(async ([where, args]) => {
      const { code, output } = await docker(args);
      expect(code, output).toBe(0);
      return { where, text: output };
    }),
  );
}

/** The stack's containers with a password in a file that is in no volume. */
async function inLayers(): Promise<string[]> {
  const found: string[] = [];
  for (const { id } of await stack.containers()) {
    const child = spawn("docker", ["export", id], { stdio: ["ignore", "pipe", "inherit"] });
    const longest = Math.max(...forms.map(({ length }) => length));
    let rest = Buffer.alloc(0);
    let leaked = false;
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      const text = Buffer.concat([rest, chunk]);
      leaked ||= forms.some((form) => text.includes(form));
      rest = text.subarray(-longest);
    }
    if (leaked) found.push(`layer of container ${id}`);
  }
  return found;
}

/** Reads arguments and environment of all processes of the machine, again and again, until its input ends. */
const WATCHER = `
  const { readdirSync, readFileSync } = require("node:fs");
  const seen = new Set();
  const programs = new Set();
  /** What each process was last seen with: its environment changes only when it runs another program. */
  const known = new Map();
  let next;
  const read = (pid, name) => readFileSync("/proc/" + pid + "/" + name, "latin1");
  const look = () => {
    for (const pid of readdirSync("/proc")) {
      if (!/^\\d+$/.test(pid) || pid === String(process.pid)) continue;
      try {
        const args = read(pid, "cmdline");
        if (known.get(pid) === args) continue;
        const [, container = ""] = /([0-9a-f]{64})/.exec(read(pid, "cgroup")) ?? [];
        const program = args.split("\\0")[0].split("/").at(-1);
        if (!programs.has(program)) console.log(JSON.stringify({ program }));
        programs.add(program);
        seen.add(JSON.stringify(["arguments", program, container, args]));
        seen.add(JSON.stringify(["environment", program, container, read(pid, "environ")]));
        known.set(pid, args);
      } catch {} // It has ended.
    }
    next = setTimeout(look, 10);
  };
  look();
  console.log("watching");
  process.stdin.resume().once("end", () => {
    clearTimeout(next);
    process.stdout.write("[" + [...seen].join() + "]", () => process.exit());
  });
`;

/** Runs a service's probe once more. */
async function probe(service: string): Promise<void> {
  const { id } = await stack.container(service);
  const { Config } = await inspect<{ Config: { Healthcheck: { Test: string[] } } }>(id);
  const [kind, ...words] = Config.Healthcheck.Test;
  const command = kind === "CMD-SHELL" ? ["sh", "-c", ...words] : words;
  const { code, output } = await docker(["exec", id, ...command]);
  expect(code, output).toBe(0);
}

/** Watches the processes of the engine's machine, from a container with the right to do so. */
async function watchProcesses(): Promise<{ programs: Set<string>; end: () => Promise<Place[]> }> {
  const image = await localImage("node");
  const rights = ["--privileged", "--pid=host", "--cgroupns=host", "--network=none", "--user=0:0", "--log-driver=none"];
  const child: ChildProcess = spawn(
    "docker",
    ["run", "--rm", "--interactive", ...rights, "--entrypoint", "node", image, "--eval", WATCHER],
    { stdio: ["pipe", "pipe", "pipe"] },
  );
  const end = ended(child);
  const programs = new Set<string>();
  if (child.stdout) {
    createInterface(child.stdout).on("line", (line) => {
      if (line.startsWith("{")) programs.add((JSON.parse(line) as { program: string }).program);
    });
  }
  await new Promise((resolve, reject) => {
    child.stdout?.once("data", resolve);
    void end.then(({ output }) => reject(new Error(output)));
  });
  return {
    programs,
    async end() {
      child.stdin?.end();
      const { code, stdout, output } = await end;
      expect(code, output).toBe(0);
      const seen = JSON.parse(stdout.slice(stdout.lastIndexOf("\n") + 1)) as [
        what: string,
        program: string,
        container: string,
        text: string,
      ][];
      const services = new Map((await stack.containers()).map(({ id, labels }) => [id, labels["stackyard.service"]]));
      return seen.flatMap(([what, program, container, text]) => {
        if (what === "arguments") return [{ where: `arguments of ${program}`, text }];
        if (container === "") return [{ where: `environment of ${program}`, text }];
        const service = services.get(container);
        // A server may have its own password: the official images put it into the environment, and redis-cli can read it
        // only there.
        if (service === "postgres" || service === "redis") return [];
        return [{ where: `environment of ${program} in ${service ?? "another container"}`, text }];
      });
    },
  };
}
