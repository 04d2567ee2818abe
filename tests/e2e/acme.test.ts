import { request as httpRequest } from "node:http";
import { Agent, request } from "node:https";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { up } from "./checks.ts";
import { docker, eventually, freePorts, inspect, ROOT, TestStack } from "./harness.ts";
import { Pebble } from "./pebble.ts";

// A certificate from a real ACME server, renewed again and again.

const stack = new TestStack(join(ROOT, "tests/e2e/programs/acme"));
let pebble: Pebble;
let [port, httpsPort] = [0, 0];

beforeAll(async () => {
  [port = 0, httpsPort = 0] = await freePorts(2);
  pebble = await Pebble.start(stack.name, { host: "shop.example", httpPort: port, validSeconds: 60 });
  await stack.create({ proxyPort: port, httpsPort, server: pebble.server, caFile: pebble.caFile });
}, 600_000);
afterAll(async () => {
  await stack.dispose();
  await pebble?.remove();
});

/** Asks by HTTPS over a connection of its own; resolves with the answer, and the serial number of the certificate. */
const ask = (path: string) =>
  new Promise<{ answer: string; serial: string; names: string }>((resolve, reject) => {
    // The root of such a server is made anew each time.
    const of = { host: "127.0.0.1", port: httpsPort, path, servername: "shop.example", rejectUnauthorized: false };
    const call = request({ ...of, agent: new Agent() }, (answer) => {
      const by = (answer.socket as TLSSocket).getPeerX509Certificate();
      let text = "";
      answer.setEncoding("utf8").on("data", (part: string) => (text += part));
      const known = { serial: by?.serialNumber ?? "", names: by?.subjectAltName ?? "" };
      answer.on("end", () => resolve({ answer: `${answer.statusCode} ${text}`, ...known }));
    });
    call.on("error", reject).end();
  });

test("a certificate is got while the proxy serves, and used from then on", async () => {
  await up(stack);
  const { answer, names } = await ask("/api/work");
  expect([answer, names]).toEqual(["200 1", "DNS:shop.example"]);
  const status = await new Promise((resolve) =>
    httpRequest({ host: "127.0.0.1", port, path: "/" }, (plain) => resolve(plain.statusCode)).end(),
  );
  expect(status).toBe(308);
  await stack.unchanged();
});

test("only the client reaches out", async () => {
  const outside = (await docker(["network", "inspect", await stack.network("proxy-acme", "outside")])).stdout;
  expect(outside).toContain('"com.docker.network.bridge.enable_ip_masquerade": "true"');
  const proxy = (await docker(["network", "inspect", await stack.network("proxy", "outside")])).stdout;
  expect(proxy).toContain('"com.docker.network.bridge.enable_ip_masquerade": "false"');
});

test("it is renewed in time, without a failed request and without anybody's doing", async () => {
  const ids = async () => (await stack.containers()).map(({ id }) => id).sort();
  const before = await ids();
  const { serial } = await ask("/");
  const answers: Promise<string>[] = [];
  const timer = setInterval(
    () =>
      answers.push(
        ask("/api/work").then(
          ({ answer }) => answer,
          (error: Error) => error.message,
        ),
      ),
    50,
  );
  try {
    await eventually(async () => expect((await ask("/")).serial).not.toBe(serial), 90);
  } finally {
    clearInterval(timer);
  }
  expect(new Set(await Promise.all(answers))).toEqual(new Set(["200 1"]));
  expect(await ids()).toEqual(before);
});

test("a renewal that fails takes nothing down, and is what the client's health check says", async () => {
  await docker(["stop", pebble.container]);
  const { id } = await stack.container("proxy-acme");
  await eventually(async () => {
    const { State } = await inspect<{ State: { Health: { Status: string; Log: { Output: string }[] } } }>(id);
    expect(State.Health.Status).toBe("unhealthy");
    expect(State.Health.Log.at(-1)?.Output).toContain("connection refused");
  }, 120);
  expect((await ask("/api/work")).answer).toBe("200 1");
});

test("destroy leaves nothing", async () => {
  const { code, output } = await stack.pulumi(["destroy", "--yes", "--skip-preview"]);
  expect(code, output).toBe(0);
  expect(await stack.leftovers()).toEqual([]);
});
