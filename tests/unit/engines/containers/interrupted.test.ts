import { afterEach, beforeEach, expect, test } from "vitest";
import { type EngineApi, engineApi } from "../../../../components/engines/containers/api.ts";
import { untilDone } from "../../../../components/engines/containers/watch.ts";
import { FakeDaemon } from "../../helpers/daemon.ts";

let daemon: FakeDaemon;
let user: AbortController;
beforeEach(async () => {
  daemon = await new FakeDaemon().ready();
  user = new AbortController();
});
afterEach(() => daemon.close());

const NEVER = "0001-01-01T00:00:00Z";
const AT = "2026-01-02T03:04:05Z";
const asked = (request: string) => daemon.requests.filter((each) => each === request);

/** Once the engine has seen what came before: a connection that was ended by then is known to be. */
const seen = () => engineApi({ host: daemon.host }).ping();

/** A container that was created, as the engine has it: a start that is cut off leaves it so, though its program has run. */
function createdContainer(): void {
  let ran = false;
  const state = () => ({
    Status: ran ? "exited" : "created",
    ExitCode: 0,
    StartedAt: ran ? AT : NEVER,
    FinishedAt: ran ? AT : NEVER,
  });
  daemon.routes["GET /_ping"] = { headers: { "Api-Version": "1.45" } };
  daemon.routes["GET /info"] = { body: { SystemTime: AT } };
  daemon.routes["GET /containers/c1/json"] = (_, response) =>
    response.end(
      JSON.stringify({ Id: "c1", Name: "/c1", Created: AT, State: state(), HostConfig: {}, Config: { Labels: {} } }),
    );
  daemon.routes["POST /containers/c1/wait"] = { body: { StatusCode: 0 } };
  daemon.routes["POST /containers/c1/start"] = async (_, response) => {
    user.abort(new Error("interrupted"));
    await seen();
    if (response.destroyed) return;
    ran = true;
    response.writeHead(204).end();
  };
}

const up = (signal: AbortSignal, prepare = async () => {}) => {
  const watch = { subject: 'Job "migrate"', timeoutSeconds: 60, mask: (text: string) => text, signal };
  return untilDone(engineApi({ host: daemon.host }, { signal }), "c1", watch, prepare, () => {});
};

test("a job that an interrupt met while it was being started is started once, and counts in the next `up`", async () => {
  createdContainer();
  await expect(up(user.signal)).rejects.toThrow("interrupted");
  await up(new AbortController().signal);
  expect(asked("POST /containers/c1/start")).toHaveLength(1);
});

test("a job that an interrupt met before its start is left to the next `up`", async () => {
  createdContainer();
  const prepare = async () => user.abort(new Error("interrupted"));
  await expect(up(user.signal, prepare)).rejects.toThrow("interrupted");
  expect(asked("POST /containers/c1/start")).toEqual([]);
});

test.each<[string, (api: EngineApi) => Promise<unknown>]>([
  ["fillVolume", (api) => api.fillVolume("v1", [], "sha256:1", {})],
  ["ownVolume", (api) => api.ownVolume("v1", "/data", "sha256:1", { uid: 7, gid: 8 }, {})],
  ["fileOf", (api) => api.fileOf("sha256:1", "/bin/busybox", {})],
])(
  "a container that an interrupt met while it was being made is removed, and nothing done by it: %s",
  async (_, act) => {
    daemon.routes["POST /containers/create"] = (_, response) => {
      user.abort(new Error("interrupted"));
      response.writeHead(201, { "content-type": "application/json" }).end(JSON.stringify({ Id: "carrier" }));
    };
    daemon.routes["DELETE /containers/carrier"] = { status: 204 };
    await expect(act(engineApi({ host: daemon.host }, { signal: user.signal }))).rejects.toThrow("interrupted");
    expect(daemon.requests.slice(1)).toEqual(["DELETE /containers/carrier?force=true&v=true"]);
  },
);

test("a container by which an interrupt met the work is removed", async () => {
  daemon.routes["POST /containers/create"] = { status: 201, body: { Id: "carrier" } };
  daemon.routes["PUT /containers/carrier/archive"] = () => user.abort(new Error("interrupted"));
  daemon.routes["DELETE /containers/carrier"] = { status: 204 };
  const api = engineApi({ host: daemon.host }, { signal: user.signal });
  await expect(api.fillVolume("v1", [], "sha256:1", {})).rejects.toThrow("interrupted");
  expect(daemon.requests.at(-1)).toBe("DELETE /containers/carrier?force=true&v=true");
});
