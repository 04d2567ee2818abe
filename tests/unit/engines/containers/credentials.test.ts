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
/** A program that keeps credentials, as docker calls it. */
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
])("of %s, kept as %s", async (registry, key) => {
  config({ auths: { other: auth("x:y"), [key]: auth("ann:pass:word"), mirror: auth("x:y") } });
  const serveraddress = registry === "docker.io" ? HUB : registry;
  expect(await credentialsFor(registry, env)).toEqual({ username: "ann", password: "pass:word", serveraddress });
});

test("a token in the place of a password", async () => {
  config({ auths: { r: { ...auth("ann:"), identitytoken: "t" } } });
  expect(await credentialsFor("r", env)).toEqual({ identitytoken: "t", serveraddress: "r" });
});

test.each([
  ["no file", undefined],
  ["nobody signed in", {}],
  ["another registry", { auths: { other: auth("a:b") } }],
  ["a registry without anything", { auths: { r: {} } }],
])("nothing: %s", async (_, content) => {
  if (content) config(content);
  expect(await credentialsFor("r", env)).toBeUndefined();
});

test("from the program for all, and from the one for a registry", async () => {
  config({ credsStore: "all", credHelpers: { r: "one" }, auths: { r: {} } });
  helper("all", `[ "$1" = get ] && printf '{"ServerURL":"x","Username":"%s","Secret":"s"}' "$(cat)"`);
  helper("one", `cat >/dev/null; echo '{"Username":"<token>","Secret":"t"}'`);
  expect(await credentialsFor("docker.io", env)).toEqual({ username: HUB, password: "s", serveraddress: HUB });
  expect(await credentialsFor("r", env)).toEqual({ identitytoken: "t", serveraddress: "r" });
});

test("a program that has none for it", async () => {
  config({ credsStore: "all" });
  helper("all", "echo credentials not found in native keychain; exit 1");
  expect(await credentialsFor("r", env)).toBeUndefined();
});

test.each([
  ["is not there", () => {}, "docker-credential-all is not on PATH"],
  ["fails", () => helper("all", "echo locked >&2; exit 2"), "docker-credential-all failed: locked"],
])("a program that %s", async (_, make, why) => {
  config({ credsStore: "all" });
  make();
  await expect(credentialsFor("r", env)).rejects.toThrow(new Error(why));
});

// A secret in a message would be shown, and logged.
test("a file, or an answer, that is no JSON: nothing of it is told", async () => {
  config('{ "auths": { "r": { "auth": hunter22 } } }');
  const file = join(folder, "config.json");
  await expect(credentialsFor("r", env)).rejects.toThrow(
    new Error(`${file} should be JSON, as the docker CLI writes it. Mend it, or remove it and sign in again.`),
  );
  config({ credsStore: "all" });
  helper("all", "echo hunter22");
  await expect(credentialsFor("r", env)).rejects.toThrow(new Error("docker-credential-all should answer in JSON"));
});

test("a program that does not end, nor what it has started, is ended by the signal", async () => {
  config({ credsStore: "all" });
  const there = join(folder, "there");
  helper("all", `trap '' TERM; sleep 600 & echo $! >${there}; wait`);
  const controller = new AbortController();
  const asked = credentialsFor("r", env, controller.signal);
  await expect.poll(() => existsSync(there) && readFileSync(there, "utf8")).toMatch(/\d\n/);
  controller.abort(new Error("interrupted"));
  await expect(asked).rejects.toThrow(new Error("interrupted"));
  process.kill(Number(readFileSync(there, "utf8")));
  await expect(credentialsFor("r", env, controller.signal)).rejects.toThrow(new Error("interrupted"));
});
