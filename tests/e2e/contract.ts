import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FACTS } from "../contract/facts.ts";
import { ROWS, type Row } from "../contract/rows.ts";
import { api, docker, freePorts, inspect, ROOT, TestStack } from "./harness.ts";

/** The test program with all databases, by its path in a project's folder. */
export const DATABASES = "tests/e2e/programs/databases";

/** Images over which the contract is proved. */
export interface Over {
  /** Makes the images where necessary, and returns the program's settings that say where they come from. */
  settings?: () => Promise<object>;
  /** Users of the databases that run as another one than over the official image. @default {} */
  users?: Partial<Record<Row["kind"], string>>;
  /** Folder of the program. @default - this project's */
  program?: string;
}

/** Proves what every database promises, from one table: all of them in one stack, each through its real client. */
export function proveContract({ settings, users = {}, program = join(ROOT, DATABASES) }: Over): void {
  const stack = new TestStack(program);
  const names = ROWS.map(({ kind }) => kind.toLowerCase());
  let urls: Record<string, string>;
  let inside: Record<string, string>;
  let source: object | undefined;

  /** Settings of all databases, published on free ports. */
  async function configured(): Promise<Record<string, unknown>> {
    const ports = await freePorts(ROWS.length);
    const databases = ROWS.map(({ kind, args }, at) => [
      kind.toLowerCase(),
      { [kind.toLowerCase()]: { ...args, hostPort: ports[at] } },
    ]);
    return { ...source, ...Object.fromEntries(databases) };
  }

  async function up(): Promise<void> {
    const { code, output } = await stack.up();
    expect(code, output).toBe(0);
    urls = await stack.outputs("urls");
    inside = await stack.outputs("inside");
  }

  beforeAll(async () => {
    source = await settings?.();
    await stack.create(await configured());
    await up();
  });
  afterAll(() => stack.dispose());

  const valueOf = (name: string) => `kept by ${name}`;

  describe.each(ROWS)("$kind", ({ kind, setting, memoryMiB, write, read, refused, inside: client }) => {
    const name = kind.toLowerCase();

    test("is healthy, and what is written through a host port is read by a client on its network", async () => {
      expect((await stack.container(name)).status).toContain("(healthy)");
      await write(urls[name] ?? "", valueOf(name));
      expect(await read(urls[name] ?? "")).toBe(valueOf(name));
      const { command, env } = client(new URL(inside[name] ?? ""));
      const { image } = await stack.container(name);
      const ran = await stack.client(await stack.network(name), image, command, env);
      expect(ran.code, ran.output).toBe(0);
      expect(ran.stdout.trim()).toBe(valueOf(name));
    });

    if (setting) {
      test("has its settings as they were written", async () => {
        expect(await setting.read(urls[name] ?? "")).toEqual(setting.expected);
      });
    }

    if (refused) {
      test("refuses a wrong password", async () => {
        const wrong = new URL(urls[name] ?? "");
        wrong.password = "wrong";
        await expect(read(wrong.href)).rejects.toThrow(refused);
      });
    }

    test("has its data in its volume, its memory limited, and the user that its image allows", async () => {
      const { Config, HostConfig, Mounts } = await inspect<{
        Config: { User: string };
        HostConfig: { Memory: number; ReadonlyRootfs: boolean; CapDrop: string[]; SecurityOpt: string[] };
        Mounts: { Destination: string; Name: string }[];
      }>((await stack.container(name)).id);
      expect(Config.User).toBe(users[kind] ?? FACTS[kind].container.user);
      expect(HostConfig).toMatchObject({
        Memory: memoryMiB * 1024 ** 2,
        ReadonlyRootfs: true,
        CapDrop: ["ALL"],
        SecurityOpt: ["no-new-privileges:true"],
      });
      const volume = Mounts.find(({ Destination }) => Destination === FACTS[kind].dataPath)?.Name;
      expect(volume).toBe((await stack.state())[`Volume ${name}-data`]);
    });
  });

  describe("replaced, all at once", () => {
    const before = new Map<string, string>();

    beforeAll(async () => {
      for (const name of names) before.set(name, (await stack.container(name)).id);
      stack.configure(await configured());
      await up();
    });

    test.each(ROWS)("$kind has kept what was written, and had been stopped in order", async ({ kind, read, log }) => {
      const name = kind.toLowerCase();
      const { id } = await stack.container(name);
      expect(id).not.toBe(before.get(name));
      expect(await read(urls[name] ?? "")).toBe(valueOf(name));
      const lines = log.file
        ? (await docker(["exec", id, "cat", log.file])).stdout
        : (await api.logs(id, 500)).join("\n");
      expect(lines).toMatch(log.clean);
      expect(lines).not.toMatch(log.dirty);
    });

    test("nothing is left to do", () => stack.unchanged());

    test("destroy leaves nothing", async () => {
      const { code, output } = await stack.pulumi(["destroy", "--yes", "--skip-preview"]);
      expect(code, output).toBe(0);
      expect(await stack.leftovers()).toEqual([]);
    });
  });
}
