import { expect, test } from "vitest";
import type { z } from "zod";
import { check, faultsOf } from "../../../../components/core/support/args.ts";
import { argumentSchemas } from "../../helpers/rules.ts";

const SCHEMAS = await argumentSchemas();

/** What is said of one option; arguments that are missing beside it do not count. */
function faultOf(kind: string, option: string, value: unknown): string[] {
  const args = { [option]: value };
  const { error } = check(SCHEMAS.get(kind) as z.ZodType, args);
  const faults = error ? faultsOf(error, args) : [];
  return faults.flatMap((fault) => (fault.startsWith(option) ? [fault.slice(option.length)] : []));
}

test.each<[kind: string, option: string, hint: string]>([
  ["Container", "depends_on", "here it is `uses`"],
  ["Container", "dependsOn", "here it is `uses`"],
  ["SetupJob", "depends_on", "here it is `uses`"],
  ["Container", "environment", "here it is `env`"],
  ["Postgres", "environment", "here it is `env`"],
  ["Container", "healthcheck", "here it is `probe`"],
  ["Container", "cap_add", "here it is `capabilities`"],
  ["Container", "cap_drop", "all are dropped except those in `capabilities`"],
  ["Redis", "mem_limit", "here it is `memoryMiB`"],
  ["Postgres", "container_name", "names are generated, so that two copies never collide"],
  ["Api", "networks", "a reference in `uses` makes the network path"],
  ["Container", "links", "here it is `uses`"],
  [
    "Container",
    "env_file",
    'read it in the program: `env: parseEnv(readFileSync(".env", "utf8"))`, with parseEnv of node:util',
  ],
  ["Container", "deploy", "limits are here options of their own: `memoryMiB`, `cpus`"],
  ["Container", "restart_policy", "here it is `restart`"],
  ["Container", "read_only", "here it is `readOnlyRoot`"],
  ["Container", "extra_hosts", "here it is `hosts`"],
  ["Container", "stop_grace_period", "here it is `stopGraceSeconds`"],
  ["Container", "logging", "here it is `docker: { logDriver, logOpts }`"],
  ["Container", "shm_size", "here it is `shmSizeMiB`"],
  ["Container", "working_dir", "did you mean `workingDir`?"],
  ["Container", "network_mode", "did you mean `networkMode`?"],
  ["Postgres", "ports", "here it is `hostPort`"],
  ["Postgres", "command", "what the server is told is in `settings`"],
  ["Postgres", "volumes", "its data has a volume already, and `lifecycle` says how long it is kept"],
  // The words of Compose count only where their counterpart is an option.
  ["Volume", "depends_on", "the options are platform, lifecycle, owner"],
  ["Container", "memroyMiB", "did you mean `memoryMiB`?"],
  ["Redis", "MaxMemory", "did you mean `maxMemoryMiB`?"],
  ["Volume", "x", "the options are platform, lifecycle, owner"],
])("%s: of %s is said: %s", (kind, option, hint) => {
  expect(faultOf(kind, option, 1)).toEqual([`: should not be there; ${hint}`]);
});

test.each<[option: string, value: unknown, fault: string]>([
  ["ports", ["8080:80"], "should be names with values, as { web: { port: 80, hostPort: 8080 } }, got a list"],
  ["ports", "80", 'should be names with values, as { web: { port: 80 } }, got "80"'],
  [
    "ports",
    ["0.0.0.0:53:5353/udp", 443],
    'should be names with values, as { port5353: { port: 5353, hostPort: 53, address: "0.0.0.0", protocol: "udp" }, port443: { port: 443 } }, got a list',
  ],
  [
    "ports",
    [{ target: 80, published: "8080" }],
    "should be names with values, as { web: { port: 80, hostPort: 8080 } }, got a list",
  ],
  ["ports", ["8000-8010:80"], "should be names with values, got a list"],
  ["ports.web", { web: 80 }, "should be a set of options, as { port: 80 }, got 80"],
  [
    "ports.web",
    { web: "127.0.0.1:8080:80" },
    'should be a set of options, as { port: 80, hostPort: 8080 }, got "127.0.0.1:8080:80"',
  ],
  ["ports.web.published", { web: { port: 80, published: 8080 } }, "should not be there; here it is `hostPort`"],
  ["env", ["A=b", "B"], 'should be names with values, as { A: "…", B: "…" }, got a list'],
  ["labels", ["com.example=b"], 'should be names with values, as { "com.example": "…" }, got a list'],
  ["volumes", ["data:/data"], 'should be names with values, as { data: "/data" }, got a list'],
  [
    "volumes",
    ["my-data:/data", "./src:/app:ro"],
    'should be names with values, as { my_data: "/data" } and mounts: { "./src": "/app" }, got a list',
  ],
  ["volumes", ["./src:/app"], 'should be names with values, as mounts: { "./src": "/app" }, got a list'],
  ["mounts", ["./src:/app"], 'should be names with values, as { "./src": "/app" }, got a list'],
  ["files", ["./a.conf:/etc/a.conf:ro"], 'should be names with values, as { "/etc/a.conf": "./a.conf" }, got a list'],
  ["tmpfs", "/run", 'should be names with values, as { "/run": {} }, got "/run"'],
  ["hosts", ["db:10.0.0.1"], 'should be names with values, as { db: "10.0.0.1" }, got a list'],
  ["uses", ["database"], "should be names with values, as { database }, got a list"],
  ["command", "nats --jetstream", 'should be a list, as ["nats", "--jetstream"], got "nats --jetstream"'],
  ["command", "a && b", 'should be a list, as ["sh", "-c", "a && b"], got "a && b"'],
  ["command", "", 'should be a list, got ""'],
  ["build", ".", 'should be a set of options, as { context: "." }, got "."'],
  ["memoryMiB", 512 * 1024 * 1024, "should be MiB and not bytes, 4194304 (4 TiB) at most, got 536870912"],
])("Container: %s %j: %s", (path, value, fault) => {
  const [option = ""] = path.split(".");
  expect(faultOf("Container", option, value)).toEqual([`${path.slice(option.length)}: ${fault}`]);
});

test("of a variable's value nothing is shown", () => {
  expect(String(faultOf("Container", "env", ["PASSWORD=hunter22"]))).not.toContain("hunter22");
});
