import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LOCK_FILE, pinned, readLock } from "../../../../components/core/support/lock.ts";

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;
const LOCK = { "postgres:17": DIGEST, "redis:8": "" };

describe("readLock", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "stackyard-lock-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("has Stackyard's own digests, and before them those of the project's folder", () => {
    const before = process.cwd();
    const own = readLock();
    const [image = ""] = Object.keys(own);
    try {
      process.chdir(folder);
      expect(readLock()).toEqual(own);
      writeFileSync(LOCK_FILE, JSON.stringify({ [image]: DIGEST, "app:1": DIGEST }));
      expect(readLock()).toEqual({ ...own, [image]: DIGEST, "app:1": DIGEST });
    } finally {
      process.chdir(before);
    }
  });

  test("reads digests by image", () => {
    writeFileSync(join(folder, "lock.json"), JSON.stringify(LOCK));
    expect(readLock([join(folder, "lock.json")])).toEqual(LOCK);
  });

  test("knows no digest without the file", () => {
    expect(readLock([join(folder, "none.json")])).toEqual({});
  });

  test("fails for a file that is not JSON", () => {
    writeFileSync(join(folder, "broken.json"), "{");
    expect(() => readLock([join(folder, "broken.json")])).toThrow(SyntaxError);
  });
});

test.each<[string, string, string | undefined, string]>([
  ["gets its digest", "postgres:17", undefined, `postgres:17@${DIGEST}`],
  ["has no digest with another tag", "postgres:18", undefined, "postgres:18"],
  ["has no digest while that is empty", "redis:8", undefined, "redis:8"],
  ["comes from the mirror with its digest", "postgres:17", "mirror:5000", `mirror:5000/library/postgres:17@${DIGEST}`],
  ["comes from the mirror", "redis:8", "mirror.example.com/proxy", "mirror.example.com/proxy/library/redis:8"],
  ["of an organisation comes from the mirror", "minio/minio:1", "mirror:5000", "mirror:5000/minio/minio:1"],
  ["of another registry comes from the mirror", "ghcr.io/org/app:1", "mirror:5000", "mirror:5000/org/app:1"],
  ["of a registry with a port comes from the mirror", "host:5000/app:1", "mirror:5000", "mirror:5000/app:1"],
  ["of a local registry comes from the mirror", "localhost/app:1", "mirror:5000", "mirror:5000/app:1"],
  [
    "of Docker Hub by its full name comes from the mirror",
    "docker.io/library/postgres:18",
    "mirror:5000",
    "mirror:5000/library/postgres:18",
  ],
  [
    "of Docker Hub by half its name comes from the mirror",
    "docker.io/postgres:18",
    "mirror:5000",
    "mirror:5000/library/postgres:18",
  ],
])("an image %s", (_, image, mirror, expected) => {
  expect(pinned(image, mirror, LOCK)).toBe(expected);
});
