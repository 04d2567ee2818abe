import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FakeDaemon } from "../helpers/daemon.ts";

// Verbs that compare times of the engine with this machine's, beside an engine whose clock is another.

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const [ID, GONE] = ["0a1b2c3d", "deadbeef"];

let daemon: FakeDaemon;
let folder: string;
beforeEach(async () => {
  daemon = await new FakeDaemon().ready();
  folder = mkdtempSync(join(tmpdir(), "stackyard-clocks-"));
  daemon.routes["GET /_ping"] = { headers: { "Api-Version": "1.45" }, body: "OK" };
});
afterEach(async () => {
  await daemon.close();
  rmSync(folder, { recursive: true });
});

/** Runs a verb with a state folder of its own, and answers what it wrote. */
async function verb(...args: string[]): Promise<string> {
  const { PATH, HOME } = process.env;
  const states = { PULUMI_BACKEND_URL: `file://${folder}`, XDG_STATE_HOME: folder };
  const ready = { STACKYARD_READY: "node packages pulumi engine state images" };
  const env = { PATH, HOME, DOCKER_HOST: daemon.host, ...states, ...ready };
  const child = spawn(process.execPath, ["cli/stackyard.ts", ...args], {
    cwd: ROOT,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [said, wrong, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise((resolve) => child.once("close", resolve)),
  ]);
  expect({ code, wrong }).toEqual({ code: 0, wrong: "" });
  return said;
}

describe.each([
  ["the same", 0],
  ["five hours ahead", 5 * HOUR],
  ["five hours behind", -5 * HOUR],
])("with a clock that is %s", { timeout: 60_000 }, (_, aheadMs) => {
  /** Of the engine, so many ms ago. */
  const engineTime = (agoMs: number) => new Date(Date.now() + aheadMs - agoMs);
  beforeEach(() => {
    daemon.routes["GET /info"] = (_, response) =>
      response.end(JSON.stringify({ SystemTime: engineTime(0).toISOString() }));
  });

  test("prune removes what is older than the limit, and leaves what is younger", async () => {
    const images = { old: engineTime(70 * MINUTE), young: engineTime(50 * MINUTE) };
    const nameOf = (age: string) => `stackyard.invalid/${age}:aaaaaaaaaaaa`;
    const Images = Object.keys(images).map((Id) => ({
      Id,
      RepoTags: [nameOf(Id)],
      Size: 9,
      SharedSize: 0,
      Containers: 0,
    }));
    daemon.routes["GET /system/df"] = { body: { Images, BuildCache: [] } };
    for (const [age, named] of Object.entries(images)) {
      daemon.routes[`GET /images/${age}/json`] = { body: { Id: age, Metadata: { LastTagTime: named.toISOString() } } };
      daemon.routes[`DELETE /images/${nameOf(age)}`] = { body: [] };
    }
    const job = (id: string, agoMs: number) => ({
      Id: id,
      Names: [`/${id}`],
      Created: Math.floor(engineTime(agoMs).getTime() / 1000),
      State: "exited",
      Labels: { "stackyard.id": id, "stackyard.kind": "job" },
    });
    daemon.routes["GET /containers/json"] = { body: [job(GONE, 70 * MINUTE), job("00000000", 50 * MINUTE)] };
    daemon.routes["GET /networks"] = { body: [] };
    for (const id of [GONE, "00000000"]) {
      daemon.routes[`POST /containers/${id}/stop`] = { status: 304 };
      daemon.routes[`DELETE /containers/${id}`] = { status: 204 };
    }
    expect(await verb("prune", "--hours=1", "--yes")).toContain("Removed 2, ");
    expect(daemon.requests.filter((each) => each.startsWith("DELETE ")).map((each) => each.split("?")[0])).toEqual([
      `DELETE /containers/${GONE}`,
      `DELETE /images/${nameOf("old")}`,
    ]);
  });

  test("logs are asked for by the engine's clock", async () => {
    const identity = { urn: "urn:pulumi:dev::stackyard::pulumi:index:Stash::identity", type: "pulumi:index:Stash" };
    const latest = { resources: [{ ...identity, outputs: { output: { id: ID } } }] };
    mkdirSync(join(folder, ".pulumi/stacks/stackyard"), { recursive: true });
    writeFileSync(join(folder, ".pulumi/stacks/stackyard/dev.json"), JSON.stringify({ checkpoint: { latest } }));
    const Labels = { "stackyard.kind": "service", "stackyard.service": "db" };
    const listed = { Id: "c1", Names: ["/db"], Image: "x", State: "running", Status: "Up", Ports: [], Labels };
    daemon.routes["GET /containers/json"] = { body: [listed] };
    daemon.routes["GET /containers/c1/logs"] = { body: "" };
    const before = engineTime(10 * MINUTE).getTime();
    await verb("logs", "--since=10m");
    const asked = daemon.requests.find((each) => each.startsWith("GET /containers/c1/logs"));
    const since = Number(/[?&]since=([\d.]+)/.exec(asked ?? "")?.[1]) * 1000;
    expect(since).toBeGreaterThanOrEqual(before - 1);
    // No limit for a busy machine, and far from what another clock would make of it.
    expect(since).toBeLessThan(before + 5 * MINUTE);
  });
});
