import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { replaceFile } from "../../../../components/core/support/replace-file.ts";

const MODULE = fileURLToPath(new URL("../../../../components/core/support/replace-file.ts", import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stackyard-replace-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("only the owner can read the new file, whatever an earlier process has left", () => {
  const file = join(folder, "urls");
  replaceFile(file, "first\n");
  writeFileSync(`${file}.${process.pid}`, "left by an earlier run", { mode: 0o644 });
  replaceFile(file, "second\n");
  expect(readFileSync(file, "utf8")).toBe("second\n");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(["urls"]);
});

test("a failure leaves nothing behind", () => {
  mkdirSync(join(folder, "taken/by"), { recursive: true });
  expect(() => replaceFile(join(folder, "taken"), "secret\n")).toThrow();
  expect(readdirSync(folder)).toEqual(["taken"]);
});

test("where there is room for only a part, as on a full disk, the old file stays whole", () => {
  const file = join(folder, "state");
  writeFileSync(file, "old");
  const program = `
    import { replaceFile } from ${JSON.stringify(MODULE)};
    try { replaceFile(${JSON.stringify(file)}, "x".repeat(20_000)); console.log("written"); } catch ({ code }) { console.log(code); }`;
  // A limit on the size of files lets the first part of a write through, and fails the next one.
  const limited = 'ulimit -f 8; exec "$0" --input-type=module --eval "$1"';
  const output = execFileSync("bash", ["-c", limited, process.execPath, program], { encoding: "utf8" });
  expect(output).toBe("EFBIG\n");
  expect(readFileSync(file, "utf8")).toBe("old");
  expect(readdirSync(folder)).toEqual(["state"]);
});

test("permissions can be set", () => {
  const file = join(folder, "certificates");
  replaceFile(file, Buffer.from("public"), { mode: 0o644, flush: false });
  expect(statSync(file).mode & 0o777).toBe(0o644);
});
