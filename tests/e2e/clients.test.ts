import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { api, copyOfProject, docker, ended, eventually, freePorts, TestStack } from "./harness.ts";

// The clients of databases that are not in every stack program, signed in by `make cypher` and `make mc`.

const PROGRAM = `
  import { z } from "zod";
  import { Minio, Neo4j, type Platform } from "../components/index.ts";
  export const settings = z.strictObject({ graph: Neo4j.settings.prefault({}) });
  /** With characters that a shell or a file of arguments would interpret. */
  const password = \`a'"\\\\$@ b\`;
  export const program = (platform: Platform, { graph }: z.output<typeof settings>) => ({
    graph: new Neo4j("graph", { platform, password, ...graph }),
    storage: new Minio("storage", { platform }),
  });
`;
const project = copyOfProject({ "stacks/clients.ts": () => PROGRAM });
const stack = new TestStack(project);

beforeAll(async () => {
  await stack.create({ program: "clients", graph: { readyTimeoutSeconds: 300, hostPort: (await freePorts(1))[0] } });
  const { code, output } = await stack.verb("up");
  expect(code, output).toBe(0);
});
afterAll(async () => {
  await stack.dispose();
  rmSync(project, { recursive: true });
});

async function open(client: string, c: string): Promise<string> {
  const { code, output, stdout } = await stack.verb(client, { c });
  expect(code, output).toBe(0);
  return stdout;
}

test("verbs that read the settings know those of this program", async () => {
  const config = await stack.verb("config", { json: "1" });
  expect(JSON.parse(config.stdout), config.output).toEqual(
    expect.arrayContaining([
      { key: "program", value: "clients", from: expect.any(String) },
      { key: "graph.readyTimeoutSeconds", value: "300", from: expect.any(String) },
      { key: "graph.memoryMiB", value: "1024", from: "default" },
    ]),
  );
  const graph = await stack.verb("graph", { json: "1" });
  const { nodes } = JSON.parse(graph.stdout) as { nodes: { name: string }[] };
  expect(nodes.map(({ name }) => name)).toEqual(["graph", "storage"]);
  const doctor = await stack.verb("doctor");
  expect(doctor.output).toMatch(/ok +port \d+ +graph's/);
  expect(doctor.code, doctor.output).toBe(0);
  const env = await stack.verb("env", { file: join(stack.folder, "graph.env") });
  expect(env.output).toContain("graph.env: graph\n");
});

test("cypher is signed in", async () => {
  expect(await open("cypher", "show current user yield user")).toBe('user\n"neo4j"\n');
  const { code, output } = await stack.verb("cypher", { c: "nonsense" });
  expect(code).not.toBe(0);
  expect(output).toContain("Invalid input 'nonsense'");
});

test("mc is signed in, one command or several", async () => {
  expect(await open("mc", "mb server/notes")).toContain("Bucket created successfully `server/notes`");
  expect(await open("mc", "ls server")).toContain(" notes/\n");
  const { code, output } = await stack.verb("mc", { c: "ls server/nowhere" });
  expect(code).not.toBe(0);
  expect(output).toContain("Bucket `nowhere` does not exist");
});

test("no password is in the arguments of a client", async () => {
  const { id } = await stack.container("graph");
  const busy = "unwind range(1, 60000000) as n with sum(n * n % 7) as s return s";
  const child = stack.startVerb("cypher", { c: busy });
  const done = ended(child);
  const args = await eventually(async () => {
    const { stdout, output } = await docker(["top", id, "-eo", "pid,args"]);
    expect(stdout, output).toContain(busy);
    return stdout;
  });
  expect(args).not.toContain("a'\"");
  const { code, output } = await done;
  expect(code, output).toBe(0);
  expect(await api.logs(id, 500)).not.toContainEqual(expect.stringContaining("a'\""));
});
