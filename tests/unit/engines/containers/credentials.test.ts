import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { credentialsFor, registryOf } from "../../../../components/engines/containers/credentials.ts";

let folder: string;
let env: NodeJS.ProcessEnv;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stackyard-credentials-"));
  env = { DOCKER_CONFIG: folder, PATH: `${folder}:${process.env.PATH}` };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const config = (content: unknown) =>
  writeFileSync(join(folder, "config.json"), typeof content === "string" ? content : JSON.stringify(content));
/** Writes a credential helper, under the name by which docker calls it. */
const helper = (name: string, script: string) => {
  const file = join(folder, `docker-credential-${name}`);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
};
const auth = (text: string) => ({ auth: Buffer.from(text).toString("base64") });
const HUB = "https://index.docker.io/v1/";

test.each([
  ["redis:8", "docker.io"],
  ["minio/minio:1", "docker.io"],
  ["docker.io/library/redis", "docker.io"],
  ["ghcr.io/org/app:1", "ghcr.io"],
  ["mirror:5000/library/redis@sha256:0", "mirror:5000"],
  ["localhost/redis", "localhost"],
  ["127.0.0.1:5000/a/b:1", "127.0.0.1:5000"],
])("%s is in the registry %s", (ref, registry) => {
  expect(registryOf(ref)).toBe(registry);
});

test.each([
  ["mirror:5000", "mirror:5000"],
  ["mirror.example.com", "https://mirror.example.com"],
  ["mirror.example.com", "https://mirror.example.com/v2/"],
  ["docker.io", HUB],
])("reads the credential of %s, stored under %s", async (registry, key) => {
  config({ auths: { other: auth("x:y"), [key]: auth("ann:pass:word"), mirror: auth("x:y") } });
  const serveraddress = registry === "docker.io" ? HUB : registry;
  expect(await credentialsFor(registry, env)).toEqual({ username: "ann", password: "pass:word", serveraddress });
});

test("reads a token in place of a password", async () => {
  config({ auths: { r: { ...auth("ann:"), identitytoken: "t" } } });
  expect(await credentialsFor("r", env)).toEqual({ identitytoken: "t", serveraddress: "r" });
});

test.each([
  ["without a file", undefined],
  ["where nobody has signed in", {}],
  ["with another registry", { auths: { other: auth("a:b") } }],
  ["with an empty entry", { auths: { r: {} } }],
])("finds none %s", async (_, content) => {
  if (content) config(content);
  expect(await credentialsFor("r", env)).toBeUndefined();
});

test("asks the helper of all registries, and that of one registry first", async () => {
  config({ credsStore: "all", credHelpers: { r: "one" }, auths: { r: {} } });
  helper("all", `[ "$1" = get ] && printf '{"ServerURL":"x","Username":"%s","Secret":"s"}' "$(cat)"`);
  helper("one", `cat >/dev/null; echo '{"Username":"<token>","Secret":"t"}'`);
  expect(await credentialsFor("docker.io", env)).toEqual({ username: HUB, password: "s", serveraddress: HUB });
  expect(await credentialsFor("r", env)).toEqual({ identitytoken: "t", serveraddress: "r" });
});

test("finds none where the helper has none", async () => {
  config({ credsStore: "all" });
  helper("all", "echo credentials not found in native keychain; exit 1");
  expect(await credentialsFor("r", env)).toBeUndefined();
});

test.each([
  ["does not exist", () => {}, "docker-credential-all is not on PATH"],
  ["fails", () => helper("all", "echo locked >&2; exit 2"), "docker-credential-all failed: locked"],
])("fails with the reason when the helper %s", async (_, make, why) => {
  config({ credsStore: "all" });
  make();
  await expect(credentialsFor("r", env)).rejects.toThrow(new Error(why));
});

// Messages are shown and logged, so they must not quote what may be a secret.
test("a file or an answer that is not JSON is not quoted", async () => {
  config('{ "auths": { "r": { "auth": hunter22 } } }');
  const file = join(folder, "config.json");
  await expect(credentialsFor("r", env)).rejects.toThrow(
    new Error(`${file} should be JSON, as the docker CLI writes it. Mend it, or remove it and sign in again.`),
  );
  config({ credsStore: "all" });
  helper("all", "echo hunter22");
  await expect(credentialsFor("r", env)).rejects.toThrow(new Error("docker-credential-all should answer in JSON"));
});

test("the signal ends a helper that does not end, and what that has started", async () => {
  config({ credsStore: "all" });
  const pidFile = join(folder, "pid");
  helper("all", `trap '' TERM; sleep 600 & echo $! >${pidFile}; wait`);
  const controller = new AbortController();
  const asked = credentialsFor("r", env, controller.signal);
  await expect.poll(() => existsSync(pidFile) && readFileSync(pidFile, "utf8")).toMatch(/\d\n/);
  controller.abort(new Error("interrupted"));
  await expect(asked).rejects.toThrow(new Error("interrupted"));
  process.kill(Number(readFileSync(pidFile, "utf8")));
  await expect(credentialsFor("r", env, controller.signal)).rejects.toThrow(new Error("interrupted"));
});
