import { readdirSync, readFileSync } from "node:fs";
import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { Agent, request as httpsRequest, type RequestOptions } from "node:https";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { madeCertificate } from "../unit/helpers/certificate.ts";
import { up, upFails } from "./checks.ts";
import { docker, eventually, freePorts, ROOT, TestStack } from "./harness.ts";

// HTTPS by a certificate that the program gives to the proxy.

const stack = new TestStack(join(ROOT, "tests/e2e/programs/tls"));
const [first, second] = [madeCertificate("shop.example"), madeCertificate("shop.example")];
const env = ({ certificate, key } = first) => ({ CERTIFICATE: certificate, KEY: key });
let [port, httpsPort] = [0, 0];

beforeAll(async () => {
  [port = 0, httpsPort = 0] = await freePorts(2);
  await stack.create({ proxyPort: port, httpsPort });
});
afterAll(() => stack.dispose());

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** SHA-256 of the certificate that it came with. */
  by?: string | undefined;
}

/** Asks by HTTPS, and trusts only the certificates of this test. */
const ask = (path: string, agent = new Agent()) =>
  answered(httpsRequest, {
    port: httpsPort,
    path,
    agent,
    ca: [first.certificate, second.certificate],
    servername: "shop.example",
  });
const askPlainly = (path: string) => answered(httpRequest, { port, path, agent: new HttpAgent() });

const answered = (send: typeof httpsRequest | typeof httpRequest, options: RequestOptions) =>
  new Promise<Answer>((resolve, reject) => {
    const call = send({ host: "127.0.0.1", ...options }, (answer) => {
      const by = (answer.socket as Partial<TLSSocket>).getPeerX509Certificate?.()?.toString();
      let text = "";
      answer.setEncoding("utf8").on("data", (part: string) => (text += part));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text, by }));
    });
    call.on("error", reject).end();
  });

/** Whether a certificate is the one that answers come with. */
const served = async ({ certificate } = first) => (await ask("/")).by === certificate;

/** What a command prints in the proxy's container. */
async function inProxy(command: string): Promise<string> {
  const { code, output } = await docker(["exec", (await stack.container("proxy")).id, "sh", "-c", command]);
  expect(code, output).toBe(0);
  return output.trim();
}

/** A line of a key that is in nothing else. */
const partOf = ({ key } = first) => key.split("\n")[1] ?? "";

test("the proxy comes up with a certificate, and HTTP leads to HTTPS", async () => {
  await up(stack, env());
  const { status, text, headers } = await ask("/api/work");
  expect([status, text, headers["strict-transport-security"]]).toEqual([200, "1", "max-age=60"]);
  expect(await served(first)).toBe(true);
  const plain = await askPlainly("/api/work?a=b");
  expect([plain.status, plain.headers.location, plain.headers["strict-transport-security"]]).toEqual([
    308,
    `https://127.0.0.1:${httpsPort}/api/work?a=b`,
    undefined,
  ]);
  expect((await askPlainly("/health")).status).toBe(200);
  await stack.unchanged(env());
});

test("only the proxy's user can read the key, which is nowhere else", async () => {
  expect(await inProxy("stat -c '%a %u:%g' /proxy/current/tls/key.pem; ls /proxy")).toBe(
    "600 101:101\ncontainer\ncurrent\ngenerations\nlock",
  );
  expect(partOf()).toMatch(/^[\w+/]{64}$/);
  expect(await inProxy("cat /proxy/current/tls/key.pem")).toContain(partOf());
  const { id } = await stack.container("proxy");
  const shown = [
    ...(await Promise.all([docker(["inspect", id]), docker(["logs", id]), docker(["top", id])])).map(
      ({ output }) => output,
    ),
    JSON.stringify(stack.resources()),
  ];
  for (const text of shown) {
    expect(text).toMatch(/\S/);
    expect(text).not.toContain(partOf());
  }
  const kept = readdirSync(stack.folder, { recursive: true, encoding: "utf8", withFileTypes: true });
  for (const file of kept.filter((each) => each.isFile())) {
    expect(readFileSync(join(file.parentPath, file.name), "utf8"), file.name).not.toContain(partOf());
  }
});

test("another certificate takes over without a new container and without a failed request", async () => {
  const { id } = await stack.container("proxy");
  const kept = new Agent({ keepAlive: true, maxSockets: 4 });
  const answers: Promise<string>[] = [];
  const timer = setInterval(() => {
    const asked = ask("/api/work", answers.length % 2 === 0 ? kept : new Agent());
    answers.push(asked.then(({ status, text }) => `${status} ${text}`).catch((error: Error) => error.message));
  }, 25);
  try {
    expect(await stack.planned(env(second))).toEqual(["replace Stash proxy-certificate"]);
    await up(stack, env(second));
  } finally {
    clearInterval(timer);
  }
  expect(await served(second)).toBe(true);
  const all = await Promise.all(answers);
  kept.destroy();
  expect(all.length).toBeGreaterThan(50);
  expect(new Set(all)).toEqual(new Set(["200 1"]));
  expect((await stack.container("proxy")).id).toBe(id);
  await stack.unchanged(env(second));
});

test("a key that is not the certificate's is refused before anything is touched", async () => {
  const mixed = { CERTIFICATE: first.certificate, KEY: second.key };
  const refusal = "tls.key: should be the key of the first certificate (CN=shop.example), got another one";
  const { code, output } = await stack.pulumi(["preview"], mixed);
  expect(code).not.toBe(0);
  expect(output).toContain(refusal);
  const failed = await upFails(stack, mixed);
  expect(failed).toContain(refusal);
  expect(failed).not.toContain(partOf(second));
  expect(await served(second)).toBe(true);
});

test("a restarted proxy has its certificate", async () => {
  await docker(["restart", (await stack.container("proxy")).id]);
  await eventually(async () => expect(await served(second)).toBe(true), 20);
});

test("without a certificate there is only HTTP, and no key is left in use", async () => {
  await up(stack);
  expect((await askPlainly("/api/work")).status).toBe(200);
  await expect(ask("/")).rejects.toThrow("ECONNREFUSED");
  expect(await inProxy("ls -A /proxy/current/tls")).toBe("");
});

test("destroy leaves nothing", async () => {
  const { code, output } = await stack.pulumi(["destroy", "--yes", "--skip-preview"]);
  expect(code, output).toBe(0);
  expect(await stack.leftovers()).toEqual([]);
});
