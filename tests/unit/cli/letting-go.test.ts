import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { lettingGo } from "../../../cli/shared/clean-slate.ts";
import { type Kept, readState, STACK } from "../../../cli/shared/stack.ts";

vi.mock("../../../cli/shared/stack.ts", async (original) => ({ ...(await original<object>()), readState: vi.fn() }));

const kept = (name: string, of: string, protect = true): Kept => ({
  urn: `urn::${name}`,
  type: "docker:index/volume:Volume",
  name,
  parent: `urn:pulumi:prod::shop::stackyard:databases:Postgres::${of}`,
  protect,
  outputs: {},
});
const STATE = {
  resources: [
    kept("main-data", "main"),
    kept("main-password", "main"),
    kept("cache-data", "cache"),
    kept("x", "x", false),
  ],
  pending: 0,
};
let pulumiCalls: () => string[];

beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), "stackyard-letting-go-"));
  // In the place of the CLI: tells what it was given.
  writeFileSync(join(folder, "pulumi"), `#!/bin/sh\necho "$*" >>${folder}/told\n`, { mode: 0o755 });
  writeFileSync(join(folder, "told"), "");
  vi.stubEnv("PATH", `${folder}:${process.env.PATH}`);
  vi.stubEnv("PULUMI_BACKEND_URL", `file://${folder}`);
  pulumiCalls = () => readFileSync(join(folder, "told"), "utf8").split("\n").slice(0, -1);
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

test.each([
  ["", [], []],
  ["x,other", [], []],
  ["main,x", ["main-data", "main-password"], ["main-password"]],
  ["cache", ["cache-data"], ["cache-data"]],
])(
  "--discard=%s: what it names is not protected meanwhile, and what is left of it is afterwards",
  async (names, all, left) => {
    vi.stubEnv("STACKYARD_DISCARD", names);
    // The volume of `main` has gone.
    vi.mocked(readState).mockReturnValue({ ...STATE, resources: STATE.resources.slice(1) });
    const line = (verb: string, which: string[]) =>
      which.length > 0 ? [`state ${verb} --yes ${which.map((name) => `urn::${name}`).join(" ")} --stack ${STACK}`] : [];
    const meanwhile = await lettingGo(STATE, async () => pulumiCalls());
    expect(meanwhile).toEqual(line("unprotect", all));
    expect(pulumiCalls()).toEqual([...line("unprotect", all), ...line("protect", left)]);
  },
);
