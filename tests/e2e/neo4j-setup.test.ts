import { appendFileSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import neo4j from "neo4j-driver";
import { afterAll, beforeAll, expect, test } from "vitest";
import { docker, freePorts, ROOT, TestStack } from "./harness.ts";

// The promises of Neo4jSetup, over a Neo4j whose password needs quotes everywhere.

const PASSWORD = `@"it's\\a 'b'#/π%`;
const stack = new TestStack(join(ROOT, "tests/e2e/programs/graph"));
const [constraints, seed] = [join(stack.folder, "graph.cypher"), join(stack.folder, "seed/first notes.cypher")];
let settings: Record<string, unknown>;

beforeAll(async () => {
  mkdirSync(join(stack.folder, "seed"));
  writeFileSync(constraints, "// First\nCREATE CONSTRAINT note IF NOT EXISTS\nFOR (n:Note) REQUIRE n.id IS UNIQUE;\n");
  writeFileSync(seed, "MERGE (n:Note {id: 1});\nCREATE (:Run)\n");
  const [hostPort, httpHostPort] = await freePorts(2);
  settings = { hostPort, httpHostPort, password: PASSWORD, cypher: [constraints, seed] };
  await stack.create(settings);
});
afterAll(() => stack.dispose());

async function up(...flags: string[]): Promise<void> {
  const { code, output } = await stack.up({}, ...flags);
  expect(code, output).toBe(0);
}

async function query(statement: string): Promise<unknown[]> {
  const { protocol, host, username, password } = new URL(await stack.outputs<string>("url"));
  const driver = neo4j.driver(`${protocol}//${host}`, neo4j.auth.basic(username, decodeURIComponent(password)), {
    disableLosslessIntegers: true,
  });
  try {
    return (await driver.executeQuery(statement)).records.map((record) => record.get(0));
  } finally {
    await driver.close();
  }
}
/** Paths of files with this content, in their order. */
function written(files: Record<string, string>): string[] {
  return Object.entries(files).map(([name, content]) => {
    writeFileSync(join(stack.folder, name), content);
    return join(stack.folder, name);
  });
}
const runs = async () => (await query("MATCH (run:Run) RETURN count(run)"))[0];

test("runs its files in their order, once, without showing the password", async () => {
  await up();
  expect(await query("SHOW CONSTRAINTS YIELD name")).toEqual(["note"]);
  expect(await query("MATCH (n:Note) RETURN n.id")).toEqual([1]);
  await up("--refresh", "--expect-no-changes");
  expect(await runs()).toBe(1);
  for (const { id } of await stack.containers()) {
    expect((await docker(["inspect", id])).stdout).not.toContain("it's");
    expect((await docker(["logs", id])).output).not.toContain("it's");
  }
});

test("a statement that fails fails `up` with the server's message, and is run again by the next one", async () => {
  writeFileSync(seed, "CREATE (:Run);\nCREAT (:Note {id: 2});\nCREATE (:Run);\n");
  const { code, output } = await stack.up();
  expect(code, output).not.toBe(0);
  expect(output).toContain('Neo4jSetup "schema" failed with exit code 1');
  expect(output).toContain("Invalid input 'CREAT'");
  expect(output).toMatch(/seed\/first notes\.cypher failed/);
  expect(await runs()).toBe(2);
  writeFileSync(seed, "CREATE (:Run);\nCREATE (:Note {id: 2});\n");
  await up();
  expect(await runs()).toBe(3);
  expect(await query("MATCH (n:Note) RETURN n.id ORDER BY n.id")).toEqual([1, 2]);
});

test("LOAD CSV reads only files of the import folder, and logs are kept as the image configures", async () => {
  const settings = ["server.directories.import", "db.tx_log.rotation.retention_policy"];
  expect(await query(`SHOW SETTINGS ${settings.map((each) => `"${each}"`).join()} YIELD value`)).toEqual([
    "2 days 2G",
    "/var/lib/neo4j/import",
  ]);
  for (const file of [
    "/run/secrets/initial-password",
    "/../../../run/secrets/initial-password",
    "/data/logs/debug.log",
  ]) {
    await expect(query(`LOAD CSV FROM 'file://${file}' AS line RETURN line`), file).rejects.toThrow(/cannot load/i);
  }
});

test("a browser gets the published address of Bolt; clients on its network use its name", async () => {
  const answer = await fetch(`http://127.0.0.1:${settings.httpHostPort}/`, { headers: { accept: "application/json" } });
  // The host of the request, with the published port.
  const bolt = `127.0.0.1:${settings.hostPort}`;
  expect(await answer.json()).toMatchObject({ bolt_direct: `bolt://${bolt}`, bolt_routing: `neo4j://${bolt}` });
  const { image } = await stack.container("graph");
  const env = { NEO4J_USERNAME: "neo4j", NEO4J_PASSWORD: PASSWORD };
  const command = ["cypher-shell", "--address=neo4j://graph:7687", "--format=plain", "RETURN 'there'"];
  const ran = await stack.client(await stack.network("graph"), image, command, env);
  expect(ran.code, ran.output).toBe(0);
});

test("no file affects the next one: transactions, parameters, databases, or a byte-order mark", async () => {
  const files: Record<string, string> = {
    "marked.cypher": "\ufeffCREATE (:Of {file: 'marked'});\n",
    "ended.cypher": ":begin\nCREATE (:Of {file: 'ended'});\n:commit\n:begin\nCREATE (:Of {file: 'no'});\n:rollback\n",
    "use.cypher": ":use system\n:access-mode read\nSHOW DATABASES YIELD name;\n",
    "param.cypher": ":param left => 'by another'\nCREATE (:Of {file: 'param', left: $left});\n",
    "after.cypher": "CREATE (:Of {file: 'after'})",
  };
  settings = { ...settings, cypher: [constraints, ...written(files)] };
  stack.configure(settings);
  await up();
  const made = "MATCH (n:Of) RETURN n.file ORDER BY id(n)";
  expect(await query(made)).toEqual(["marked", "ended", "param", "after"]);
  await query("MATCH (n:Of) DELETE n");
});

const after = { "after.cypher": "CREATE (:Of {file: 'after'});\n" };
test.each<[string, Record<string, string>, RegExp]>([
  [
    "a transaction that is left open, whose work is lost,",
    { "open.cypher": ":begin\nCREATE (:Of {file: 'open'});\n", ...after },
    /open\.cypher begins a transaction that it does not end: its work is lost\. End it with :commit\./,
  ],
  [
    "an end of cypher-shell, after which nothing would be run,",
    { "exit.cypher": ":exit\nCREATE (:Of {file: 'exit'});\n", ...after },
    /exit\.cypher ends cypher-shell \(:exit\)/,
  ],
  [
    "another user, as whom the next file would be run,",
    {
      "user.cypher":
        "CREATE USER other IF NOT EXISTS SET PASSWORD 'other-pass' CHANGE NOT REQUIRED;\n:disconnect\n:connect -u other -p other-pass\n",
      ...after,
    },
    /user\.cypher signs in as other \(:connect\)/,
  ],
  [
    "a parameter that another file has",
    { "param.cypher": ":param left => 1\n", "needs.cypher": "CREATE (:Of {file: $left});\n", ...after },
    /Expected parameter\(s\): left[\s\S]*needs\.cypher failed/,
  ],
])("%s fails `up`, with the file's name", async (_, files, says) => {
  stack.configure({ ...settings, cypher: written(files) });
  const { code, output } = await stack.up();
  expect(code, output).not.toBe(0);
  expect(output).toMatch(says);
  expect(await query("MATCH (n:Of) RETURN n.file")).toEqual([]);
});

test("HTTP is published too, and refuses a wrong password", async () => {
  const ask = (password: string) =>
    fetch(`http://127.0.0.1:${settings.httpHostPort}/db/neo4j/query/v2`, {
      method: "POST",
      headers: {
        authorization: `Basic ${Buffer.from(`neo4j:${password}`).toString("base64")}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ statement: "RETURN 1 AS one" }),
    });
  expect(await (await ask(PASSWORD)).json()).toMatchObject({ data: { fields: ["one"], values: [[1]] } });
  expect((await ask("wrong")).status).toBe(401);
});

test("a plugin is loaded after the next `up`, over the same data; changed content would replace the container", async () => {
  const plugin = join(stack.folder, "greeting.jar");
  copyFileSync(join(ROOT, "tests/e2e/programs/graph/greeting.jar"), plugin);
  settings = { ...settings, plugins: [plugin] };
  stack.configure(settings);
  await up();
  expect(await query("RETURN greeting.hello()")).toEqual(["hello from a plugin"]);
  expect(await query("MATCH (n:Note) RETURN n.id ORDER BY n.id")).toEqual([1, 2]);
  await stack.unchanged();
  // Changes the content without an effect: nobody reads what follows the end of a jar.
  appendFileSync(plugin, "\n");
  expect(await stack.planned()).toEqual([
    "replace Container graph",
    "replace Stash graph-ready",
    "replace Volume graph-plugins",
  ]);
});
