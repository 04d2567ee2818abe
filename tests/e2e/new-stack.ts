import { execFileSync } from "node:child_process";
import { pbkdf2Sync } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The passphrase of every test's stack. */
export const PASSPHRASE = "e2e";

/** What `pulumi stack init` writes. */
export interface NewStack {
  project: string;
  name: string;
  /** Content of the backend's meta.yaml. */
  meta: string;
  /** Content of the state's file. */
  state: string;
  /** Line of the stack's file. */
  salt: string;
  /** The key that encrypts secrets, in hex: derived from passphrase and salt. */
  key: string;
}

/** Where a run of tests keeps the new stack that all its processes share. */
const SHARED = "STACKYARD_E2E_NEW_STACK";

let made: NewStack | undefined;

/** A new stack to copy for each test: `pulumi stack init` takes a second, and would be run sixty times. */
export function newStack(): NewStack {
  const shared = process.env[SHARED];
  made ??= shared ? (JSON.parse(shared) as NewStack) : make();
  return made;
}

/** Makes it once, before any test file starts. */
export default function setup(): void {
  process.env[SHARED] = JSON.stringify(newStack());
}

function make(): NewStack {
  const folder = mkdtempSync(join(tmpdir(), "stackyard-e2e-new-"));
  try {
    const [project, name] = ["new", "new"];
    const backend = join(folder, "backend");
    mkdirSync(backend);
    writeFileSync(join(folder, "Pulumi.yaml"), `name: ${project}\nruntime: nodejs\n`);
    const env = { ...process.env, PULUMI_BACKEND_URL: `file://${backend}`, PULUMI_CONFIG_PASSPHRASE: PASSPHRASE };
    execFileSync("pulumi", ["stack", "init", name], { cwd: folder, env, stdio: "pipe" });
    const text = (path: string) => readFileSync(join(folder, path), "utf8");
    const [salt = "", ofKey = ""] = /^encryptionsalt: v1:([^:]*):.*$/m.exec(text(`Pulumi.${name}.yaml`)) ?? [];
    const key = pbkdf2Sync(PASSPHRASE, Buffer.from(ofKey, "base64"), 1_000_000, 32, "sha256").toString("hex");
    const state = text(`backend/.pulumi/stacks/${project}/${name}.json`);
    return { project, name, meta: text("backend/.pulumi/meta.yaml"), state, salt, key };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
