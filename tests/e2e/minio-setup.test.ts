import { join } from "node:path";
import { Client } from "minio";
import { expect, onTestFinished, test } from "vitest";
import { docker, freePorts, ROOT, TestStack } from "./harness.ts";

// Buckets, proved through a real client and without credentials.

test("buckets follow their settings, also later changes of these, and keep their objects", async () => {
  const stack = new TestStack(join(ROOT, "tests/e2e/programs/minio-setup"));
  onTestFinished(() => stack.dispose());
  const [hostPort = 0, consoleHostPort = 0, otherPort = 0] = await freePorts(3);
  // Characters that mean something in a URL, none of which mc decodes.
  const settings = { hostPort, consoleHostPort, password: "p@ss/w%20rd #22" };
  const up = async (buckets: Record<string, unknown>, env: NodeJS.ProcessEnv = {}) => {
    stack.configure({ ...settings, buckets });
    const { code, output } = await stack.up(env);
    expect(code, output).toBe(0);
    return output;
  };
  await stack.create(settings);

  await up({ "open.files": { versioning: true, expireAfterDays: 7, anonymous: "download" }, own: {} });
  const { username, password } = new URL(await stack.outputs<string>("url"));
  const s3 = new Client({
    endPoint: "127.0.0.1",
    port: hostPort,
    useSSL: false,
    accessKey: decodeURIComponent(username),
    secretKey: decodeURIComponent(password),
  });
  const rules = (bucket: string) => s3.getBucketLifecycle(bucket).catch(({ code }: { code: string }) => code);
  const anonymously = async (path: string) => (await fetch(`http://127.0.0.1:${hostPort}/${path}`)).status;
  const put = async (bucket: string) => (await s3.putObject(bucket, "a", "text")).versionId;

  expect((await s3.listBuckets()).map(({ name }) => name)).toEqual(["open.files", "own"]);
  expect([typeof (await put("open.files")), await put("own")]).toEqual(["string", null]);
  expect([await anonymously("open.files/a"), await anonymously("own/a")]).toEqual([200, 403]);
  expect(await rules("open.files")).toMatchObject({
    Rule: { Status: "Enabled", Expiration: { Days: 7 }, NoncurrentVersionExpiration: { NoncurrentDays: 7 } },
  });
  expect(await rules("own")).toBe("NoSuchLifecycleConfiguration");
  expect((await fetch(`http://127.0.0.1:${consoleHostPort}/login`)).headers.get("server")).toBe("MinIO Console");
  await stack.unchanged();

  // Again over the existing buckets, with the settings swapped.
  await up({ "open.files": {}, own: { versioning: true, expireAfterDays: 1, anonymous: "download" } });
  expect([await anonymously("open.files/a"), await anonymously("own/a")]).toEqual([403, 200]);
  expect(await rules("open.files")).toBe("NoSuchLifecycleConfiguration");
  expect(await rules("own")).toMatchObject({ Rule: { Expiration: { Days: 1 } } });
  expect([await s3.getBucketVersioning("open.files"), await s3.getBucketVersioning("own")]).toMatchObject([
    { Status: "Suspended" },
    { Status: "Enabled" },
  ]);

  // A bucket that is not in the settings any more stays.
  await up({ own: {} });
  expect((await s3.listBuckets()).map(({ name }) => name)).toEqual(["open.files", "own"]);

  // Its data is ephemeral: for another container it is set up again.
  await up({ own: {} }, { STACKYARD_DOWN: "1" });
  await up({ own: {} });
  expect((await s3.listBuckets()).map(({ name }) => name)).toEqual(["own"]);
  await stack.unchanged();

  // Each request by an administrator's client takes 64 MiB of the server's 512, and as much of the same limit for the client.
  const { id } = await stack.container("minio");
  const inside = async (...command: string[]) => {
    const { code, output } = await docker(["exec", id, ...command]);
    expect(code, output).toBe(0);
    return output;
  };
  for (const user of ["one", "two", "three", "four"]) {
    await inside("mc", "admin", "user", "add", "server", `user-${user}`, "secret-key");
  }
  const [, most] = /^VmHWM:\s+(\d+) kB$/m.exec(await inside("cat", "/proc/1/status")) ?? [];
  expect(Number(most) / 1024).toBeLessThan(384);

  await s3.makeBucket("gone");
  settings.consoleHostPort = otherPort;
  await up({ own: {} });
  expect((await s3.listBuckets()).map(({ name }) => name)).toEqual(["own"]);
  await stack.unchanged();
});
