import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { api, docker, eventually, polyglotSettings, type Ran, TestStack } from "./harness.ts";

// Changes that somebody made to a stack by hand: `make dev` finds and undoes them, or says why it does not.

const stack = new TestStack();
let urls: { postgres: string; api: string };
let note: { id: number };

beforeAll(async () => {
  await stack.create((await polyglotSettings()).settings);
  expectDone(await stack.verb("up"));
  urls = await stack.outputs("urls");
});
afterAll(() => stack.dispose());

describe("things that hold no data", () => {
  beforeAll(async () => {
    note = await post("kept");
  });

  test.each<[what: string, drifts: string[], byHand: () => Promise<void>]>([
    [
      "a container was removed, another stopped, a job's pruned",
      ["container api is gone", "container redis is exited", "container postgres-setup is gone"],
      async () => {
        await remove("api");
        await done("stop", await idOf("redis"));
        await remove("postgres-setup");
      },
    ],
    [
      "a database's container was removed, another's with its secrets, and one killed, which its restart policy leaves alone",
      [
        "container postgres is gone",
        "container redis is gone",
        "volume redis-secrets is gone",
        "container api is exited",
      ],
      async () => {
        for (const service of ["postgres", "redis"]) await remove(service);
        await done("volume", "rm", String((await stack.state())["Volume redis-secrets"]));
        await done("kill", await idOf("api"));
      },
    ],
    [
      "a network was removed",
      [
        "container api is gone",
        "container postgres is gone",
        "container postgres-setup is gone",
        "network postgres is gone",
      ],
      async () => {
        const network = await stack.network("postgres");
        for (const service of ["api", "postgres", "postgres-setup"]) await remove(service);
        await done("network", "rm", network);
      },
    ],
    [
      "everything but the data was removed",
      ["container api is gone", "container redis is gone", "network redis is gone", "volume api-secrets is gone"],
      async () => {
        const networks = await api.networks({ "stackyard.stack": stack.name });
        for (const { id } of await stack.containers()) await done("rm", "--force", "--volumes", id);
        for (const { id } of networks) await done("network", "rm", id);
        for (const [key, id] of Object.entries(await stack.state())) {
          if (/^Volume .*-(secrets|files)$/.test(key)) await done("volume", "rm", id);
        }
      },
    ],
  ])("%s", async (_, drifts, byHand) => {
    const before = await stack.state();
    await byHand();
    const { output } = expectDone(await stack.verb("up"));
    for (const each of drifts) expect(output).toContain(`${each}: putting it back\n`);

    await expectAllReady();
    await expectNote();
    const after = await stack.state();
    for (const key of ["Volume postgres-data", "RandomPassword postgres-password", "Stash postgres-setup-done"]) {
      expect(after[key], key).toBe(before[key]);
    }
  });

  test("after that there is nothing to do, and nothing to put back", async () => {
    await stack.unchanged();
    const { output } = expectDone(await stack.verb("up"));
    expect(output).not.toContain("putting it back");
    expect(output).toMatch(/^up in \d+\.\d s \(\d+ unchanged\)/m);
  });
});

describe("data", () => {
  let volume: string;

  beforeEach(async () => {
    volume = String((await stack.state())["Volume postgres-data"]);
  });

  test("a removed volume is reported by name, and nothing starts over an empty one", async () => {
    for (const service of ["api", "postgres"]) await remove(service);
    await done("volume", "rm", volume);
    for (let times = 1; times <= 2; times++) {
      expectRefused(await stack.verb("up"));
      expect(await dataVolumes()).not.toContain(volume);
      expect(await stack.containers({ "stackyard.service": "postgres", "stackyard.kind": "service" })).toEqual([]);
    }
  });

  test("when it is given up by name, its service comes up empty, and its setup runs again", async () => {
    expectDone(await stack.verb("up", { DISCARD: "postgres" }));
    await expectAllReady();
    await expectEmptyTable();
    expect((await dataVolumes()).filter((name) => name.includes("postgres"))).toHaveLength(1);
    note = await post("after");
  });

  test("a volume that was removed while the stack was down is not replaced by a plain `up`", async () => {
    expectDone(await stack.verb("down"));
    await done("volume", "rm", volume);
    const { code, output } = await stack.up();
    expect(code, output).not.toBe(0);
    expect(output).toContain(
      `Postgres "postgres": its volume ${volume} is no longer on the engine; a new one would be empty.`,
    );
    expect(await dataVolumes()).not.toContain(volume);
    expect(await stack.containers({ "stackyard.service": "postgres", "stackyard.kind": "service" })).toEqual([]);
    expectRefused(await stack.verb("up"));

    expectDone(await stack.verb("up", { DISCARD: "postgres" }));
    await expectAllReady();
    await expectEmptyTable();
    await stack.unchanged();
  });

  /** The refusal for a data volume that is gone and was not given up. */
  function expectRefused({ code, output }: Ran): void {
    expect(code, output).not.toBe(0);
    expect(output).toContain(
      `postgres: its volume ${volume} is no longer there, or is to be replaced; a new one would be empty. If it can be brought ` +
        "back (a backup, another engine), do that first. " +
        "To lose its data on purpose: make … DISCARD=postgres (STACKYARD_DISCARD=postgres for plain pulumi).\n",
    );
  }
});

function expectDone(ran: Ran): Ran {
  expect(ran.code, ran.output).toBe(0);
  return ran;
}

async function done(...args: string[]): Promise<void> {
  expectDone(await docker(args));
}

const idOf = async (service: string) => (await stack.container(service)).id;
const remove = async (service: string) => done("rm", "--force", "--volumes", await idOf(service));

async function dataVolumes(): Promise<string[]> {
  return (await api.volumes({ "stackyard.stack": stack.name, "stackyard.kind": "data" })).map(({ name }) => name);
}

async function expectAllReady(): Promise<void> {
  const services = await stack.containers({ "stackyard.kind": "service" });
  expect(services.map(({ labels }) => labels["stackyard.service"]).sort()).toEqual(["api", "postgres", "redis"]);
  for (const { name, status } of services) expect(status, name).toContain("(healthy)");
}

async function post(title: string): Promise<{ id: number }> {
  const response = await fetch(`${urls.api}/notes`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ title }),
  });
  expect(response.status, await response.clone().text()).toBe(201);
  return (await response.json()) as { id: number };
}

/** Reads what was written before: in the database, and through the API, which connects to it again by itself. */
async function expectNote(): Promise<void> {
  expect(await query("select title from notes order by id limit 1")).toEqual([{ title: "kept" }]);
  await eventually(async () => expect((await fetch(`${urls.api}/notes/${note.id}`)).status).toBe(200));
  await eventually(() => post("another"));
}

async function expectEmptyTable(): Promise<void> {
  expect(await query("select * from notes")).toEqual([]);
}

async function query(sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: urls.postgres });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
