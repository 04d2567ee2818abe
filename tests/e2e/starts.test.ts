import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FACTS } from "../contract/facts.ts";
import { eventually } from "./harness.ts";
import { Imitations } from "./imitations.ts";
import { Standalone } from "./standalone.ts";

// The promises of the programs that start servers in their containers, over entry points like the official ones.

const imitations = new Imitations();
const id = randomBytes(4).toString("hex");
let images: { Postgres: string; Redis: string };

beforeAll(async () => {
  images = {
    Postgres: await imitations.make("postgres"),
    Redis: await imitations.make("redis"),
  };
});
afterAll(async () => {
  await Standalone.dispose();
  await imitations.dispose();
});

const named = (name: string) => `stackyard-e2e-${id}-${name.replace(/\W+/g, "-")}`;

describe.runIf(Imitations.possible)("PostgreSQL, whose first start is cut short", () => {
  const postgres = (name: string, mounted?: string) =>
    new Standalone("Postgres", named(`postgres ${name}`), images.Postgres, mounted);

  // Over the socket, the only way to the server while it makes its cluster.
  const sql = (server: Standalone, statement: string) =>
    server.exec("psql", "--no-psqlrc", "-U", "app", "-d", "app", "-Atc", statement);

  /** Waits until it listens on the network. */
  async function ready(server: Standalone): Promise<void> {
    await server.says(/listening on IPv4 address/);
    await eventually(() => sql(server, "select 1"));
  }

  const EVENTS = ["initdb has begun", "a cluster is there", "a server is there", "a database is there", "all is there"];

  test.concurrent.each(EVENTS)("killed when %s: the next start repairs it", async (event) => {
    const server = postgres(`killed when ${event}`);
    await server.start([`STAY_AT=${event}`]);
    await server.says(`imitation: ${event}`);
    await server.kill();
    await server.start();
    await ready(server);
    expect(await sql(server, "select current_user || current_database()")).toBe("appapp");
    expect(await server.stop()).toBe(0);
    expect(await server.inVolume("find . -maxdepth 1 -name '*initial*'")).toBe("");
  });

  test.concurrent.each([
    ["SIGTERM", 143],
    ["SIGINT", 130],
  ])("%s while it makes its cluster ends the server at once", async (signal, code) => {
    const server = postgres(`ended by ${signal}`);
    await server.start(["STAY_AT=a database is there"]);
    await server.says("imitation: a database is there");
    expect(await server.stop(signal)).toBe(code);
  });

  test.concurrent("killed while it moves its cluster into place: the next start finishes that", async () => {
    const server = postgres("killed while it moves");
    await server.start();
    await ready(server);
    await sql(server, "create table kept ()");
    await server.stop();
    await server.inVolume("mkdir .initialised .initialising-tools; mv PG_VERSION base pg_hba.conf .initialised");
    await server.start();
    await ready(server);
    expect(await sql(server, "select * from kept")).toBe("");
    expect(await server.log()).not.toContain("imitation:");
    await server.stop();
    expect(await server.inVolume("find . -maxdepth 1 -name '*initial*'")).toBe("");
    // Also when only the empty folder is left.
    await server.inVolume("mkdir .initialised");
    await server.start();
    await ready(server);
    expect(await sql(server, "select * from kept")).toBe("");
  });

  test.concurrent("a volume that the entry point alone has made is started unchanged", async () => {
    const server = postgres("of before");
    await server.start([], ["postgres"]);
    await ready(server);
    await sql(server, "create table kept ()");
    await server.stop();
    await server.start();
    await ready(server);
    expect(await sql(server, "select * from kept")).toBe("");
  });

  test.concurrent("a read-only cluster that logs everything gets its password, and does not log it", async () => {
    const server = postgres("set by hand");
    await server.start();
    await ready(server);
    const settings = ["log_transaction_sample_rate = 1", "log_min_duration_sample = 0", "debug_print_parse = on"];
    for (const each of [...settings, "default_transaction_read_only = on", "password_encryption = md5"]) {
      await sql(server, `alter system set ${each}`);
    }
    const verifier = async () => sql(server, "select rolpassword from pg_authid where rolname = 'app'");
    const first = await verifier();
    await server.stop();
    await server.inVolume("rm .password-mark");
    await server.start();
    await ready(server);
    expect(await verifier()).toMatch(/^SCRAM-SHA-256\$/);
    expect(await verifier()).not.toBe(first);
    expect(await server.log()).not.toContain(Standalone.PASSWORD);
    // A cluster that has the password is left alone.
    const second = await verifier();
    await server.stop();
    await server.start();
    await ready(server);
    expect(await verifier()).toBe(second);
  });

  test.concurrent("files that are not a cluster are left alone, and reported", async () => {
    const server = postgres("with files");
    await server.inVolume("echo mine >notes.txt");
    await server.start();
    expect(await server.ended()).toBe(1);
    expect(await server.log()).toContain("/data has files in it (notes.txt), but no cluster");
    expect(await server.inVolume("cat *")).toBe("mine");
  });

  test.concurrent("the layout of 18, with a folder for each version in its volume", async () => {
    const server = postgres("of 18", "/var/lib/postgresql");
    const env = ["PGDATA=/var/lib/postgresql/18/docker"];
    await server.start([...env, "STAY_AT=a cluster is there"]);
    await server.says("imitation: a cluster is there");
    await server.kill();
    await server.start(env);
    await ready(server);
    expect(await sql(server, "show data_directory")).toBe("/var/lib/postgresql/18/docker");
  });
});

describe.runIf(Imitations.possible)("Redis, which keeps a log, does not, and does again", () => {
  const redis = (name: string) => new Standalone("Redis", named(`redis ${name}`), images.Redis);

  const FORMS = {
    aof: FACTS.Redis.container.command,
    rdb: FACTS.Redis.container.command.map((each) => ({ aof: "rdb", yes: "no" })[each] ?? each),
  };
  /** The command from before there was a program that starts it. */
  const earlier = (form: keyof typeof FORMS) => FORMS[form].slice(FORMS[form].indexOf("redis-server"));

  const ask = (server: Standalone, ...command: string[]) =>
    server.exec("sh", "-c", 'REDISCLI_AUTH=$(cat /run/secrets/password) redis-cli -e "$@"', "redis-cli", ...command);

  async function start(server: Standalone, form: keyof typeof FORMS, env?: string[]): Promise<void> {
    await server.start(env, FORMS[form]);
    await ready(server);
  }

  async function ready(server: Standalone): Promise<void> {
    await eventually(async () => expect(await ask(server, "ping")).toBe("PONG"));
  }

  test.concurrent("has all its data, old and new, each time", async () => {
    const server = redis("to and fro");
    const all = async (server: Standalone) =>
      `${await ask(server, "exists", "first")}\n${await ask(server, "mget", "second", "third")}`;
    await start(server, "rdb");
    await ask(server, "set", "first", "1");
    await server.stop();
    await start(server, "aof");
    expect(await ask(server, "get", "first")).toBe("1");
    await ask(server, "set", "second", "2");
    // What has been in the log for a second is not lost.
    await ask(server, "waitaof", "1", "0", "10000");
    await server.kill();
    await start(server, "rdb");
    expect(await ask(server, "mget", "first", "second")).toBe("1\n2");
    await ask(server, "mset", "second", "changed", "third", "3");
    await ask(server, "del", "first");
    await server.stop();
    await start(server, "aof");
    expect(await all(server)).toBe("0\nchanged\n3");
    await server.kill();
    await start(server, "aof");
    expect(await all(server)).toBe("0\nchanged\n3");
  });

  test.concurrent("with settings that its data needs: more databases than by default", async () => {
    const server = redis("more databases");
    const more = ["--databases", "32"];
    for (const form of ["rdb", "aof", "rdb"] as const) {
      await server.start([], [...FORMS[form], ...more]);
      await ready(server);
      if (form === "rdb") await ask(server, "-n", "31", "incr", "first");
      await server.stop();
    }
    await server.start([], [...FORMS.aof, ...more]);
    await ready(server);
    expect(await ask(server, "-n", "31", "get", "first")).toBe("2");
  });

  test.concurrent.each([
    ["rdb", "aof"],
    ["aof", "rdb"],
  ] as const)("killed while it goes from %s to %s: the next start has all of it", async (from, to) => {
    const server = redis(`from ${from} to ${to}`);
    await start(server, from);
    await ask(server, "mset", "first", "1", "second", "2");
    await server.stop();
    // An hour for each key.
    await server.start(["ADDED=--rdb-key-save-delay 2000000000"], FORMS[to]);
    await eventually(() => server.exec("sh", "-c", "ls /data | grep temp-"));
    await server.kill();
    await start(server, to);
    expect(await ask(server, "mget", "first", "second")).toBe("1\n2");
    expect(await ask(server, "config", "get", "appendonly")).toBe(`appendonly\n${to === "aof" ? "yes" : "no"}`);
  });

  test.concurrent("SIGTERM meanwhile ends it at once, and loses nothing", async () => {
    const server = redis("ended meanwhile");
    await start(server, "rdb");
    await ask(server, "set", "first", "1");
    await server.stop();
    await server.start(["ADDED=--rdb-key-save-delay 2000000000"], FORMS.aof);
    await eventually(() => server.exec("sh", "-c", "ls /data | grep temp-"));
    expect(await server.stop()).toBe(143);
    await start(server, "aof");
    expect(await ask(server, "get", "first")).toBe("1");
  });

  test.concurrent.each([
    ["rdb", "aof"],
    ["aof", "rdb"],
    ["aof", "aof"],
  ] as const)("a volume of an earlier version, in the form %s, is converted to %s", async (from, to) => {
    const server = redis(`before ${from} ${to}`);
    await server.start([], earlier(from));
    await ready(server);
    await ask(server, "set", "first", "1");
    if (from === "rdb") await server.stop();
    else {
      // The file of the other form exists, and is old.
      await ask(server, "save");
      await ask(server, "set", "first", "2");
      await ask(server, "waitaof", "1", "0", "10000");
      await server.kill();
    }
    await start(server, to);
    expect(await ask(server, "get", "first")).toBe(from === "rdb" ? "1" : "2");
  });

  test.concurrent("a volume of an earlier version whose log is older than its last data", async () => {
    const server = redis("before, an old log");
    await server.start([], earlier("aof"));
    await ready(server);
    await ask(server, "set", "first", "1");
    await server.stop();
    await server.start([], earlier("rdb"));
    await ready(server);
    await ask(server, "set", "second", "2");
    await server.stop();
    await server.inVolume("touch -d '2 hours ago' appendonlydir/*");
    await start(server, "aof");
    expect(await ask(server, "mget", "first", "second")).toBe("1\n2");
  });
});
