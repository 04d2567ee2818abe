import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { httpProbe } from "../../../../components/core/support/http-probe.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "stackyard-probe-"));
  writeFileSync(join(folder, "key"), "a%sb\\n'c\"");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a probe as the engine would. */
const run = ([kind, program = "", ...args]: string[]) =>
  new Promise<{ kind: string | undefined; code: unknown; output: string }>((resolve) =>
    execFile(program, args, (error, stdout) => resolve({ kind, code: error?.code ?? 0, output: stdout.trim() })),
  );

/** Runs a probe against a server that answers with a status. @returns its result, and the requests. */
async function against(status: number, withKey: boolean) {
  const asked: unknown[] = [];
  const server = createServer(({ method, url, headers }, answer) => {
    asked.push([method, url, headers.host, headers["api-key"]]);
    answer.writeHead(status).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const header = withKey ? { name: "api-key", file: join(folder, "key") } : undefined;
  const ran = await run(httpProbe("127.0.0.1", port, "/some/path", header));
  server.close();
  return { ...ran, asked };
}

test.each<[string, boolean, string | undefined]>([
  ["with the exact content of a file as a header", true, "a%sb\\n'c\""],
  ["without a header", false, undefined],
])("sends a request %s", async (_, withKey, key) => {
  expect(await against(200, withKey)).toEqual({
    kind: "CMD",
    code: 0,
    output: "",
    asked: [["GET", "/some/path", "127.0.0.1", key]],
  });
});

test.each([204, 401, 503])("fails for status %i, and shows it", async (status) => {
  const { code, output } = await against(status, false);
  expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining(`HTTP/1.1 ${status}`) });
});

test("fails where nothing listens", async () => {
  expect((await run(httpProbe("127.0.0.1", 1, "/"))).code).toBe(1);
});
