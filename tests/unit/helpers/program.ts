import { execFile } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a program did: its exit code, and the lines of both streams, those of errors last. */
export interface Told {
  code: unknown;
  output: string[];
}

/**
 * Runs a job's program as in its container: with files beside it, and the URL of a server.
 *
 * @param answers the server; nothing for a URL where nobody listens.
 * @param env variables, those that name files relative to it.
 */
export async function runProgram(
  program: string,
  files: Record<string, string>,
  answers?: RequestListener,
  env: Record<string, string> = {},
): Promise<Told> {
  const folder = mkdtempSync(join(tmpdir(), "stackyard-program-"));
  const server = createServer(answers);
  try {
    copyFileSync(program, join(folder, "program.mts"));
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const port = answers ? (server.address() as AddressInfo).port : 1;
    const options = { cwd: folder, env: { ...process.env, ...env, NODE_OPTIONS: "" } };
    return await new Promise((resolve) =>
      execFile(process.execPath, ["program.mts", `http://127.0.0.1:${port}`], options, (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, output: `${stdout}${stderr}`.trim().split("\n") }),
      ),
    );
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
