import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { dockerHost } from "../../../../components/engines/containers/host.ts";

const LOCAL = { host: "unix:///var/run/docker.sock" };
let home: string;
let folder: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "stackyard-home-"));
  folder = join(home, ".docker");
  vi.stubEnv("HOME", home);
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** A context as `docker context create` writes it. */
function context(name: string, host: string, tls = false, at = folder): string {
  const id = createHash("sha256").update(name).digest("hex");
  mkdirSync(join(at, "contexts/meta", id), { recursive: true });
  writeFileSync(
    join(at, "contexts/meta", id, "meta.json"),
    JSON.stringify({ Name: name, Endpoints: { docker: { Host: host } } }),
  );
  const certificates = join(at, "contexts/tls", id, "docker");
  if (tls) mkdirSync(certificates, { recursive: true });
  return certificates;
}
function current(config: unknown, at = folder): void {
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, "config.json"), JSON.stringify(config));
}

describe("DOCKER_HOST", () => {
  test("takes precedence", () => {
    context("remote", "ssh://me@remote");
    current({ currentContext: "remote" });
    expect(dockerHost({ DOCKER_HOST: "tcp://one:2375", DOCKER_CONTEXT: "remote" })).toEqual({ host: "tcp://one:2375" });
  });

  test("may be an address alone, which means TCP, as for the CLI", () => {
    expect(dockerHost({ DOCKER_HOST: "127.0.0.1:2375" })).toEqual({ host: "tcp://127.0.0.1:2375" });
  });

  test("comes with its certificates", () => {
    expect(dockerHost({ DOCKER_HOST: "tcp://one:2376", DOCKER_CERT_PATH: "/certs" })).toEqual({
      host: "tcp://one:2376",
      certPath: "/certs",
    });
  });
});

describe("contexts", () => {
  test("DOCKER_CONTEXT takes precedence over the current one", () => {
    context("one", "tcp://one:2375");
    context("two", "tcp://two:2375");
    current({ currentContext: "two" });
    expect(dockerHost({ DOCKER_CONTEXT: "one" })).toEqual({ host: "tcp://one:2375" });
    expect(dockerHost({})).toEqual({ host: "tcp://two:2375" });
  });

  test("one with TLS comes with its certificates", () => {
    const certPath = context("secure", "tcp://secure:2376", true);
    expect(dockerHost({ DOCKER_CONTEXT: "secure" })).toEqual({ host: "tcp://secure:2376", certPath });
  });

  test("DOCKER_CONFIG names their folder", () => {
    const elsewhere = join(home, "elsewhere");
    const certPath = context("one", "tcp://one:2376", true, elsewhere);
    current({ currentContext: "one" }, elsewhere);
    expect(dockerHost({ DOCKER_CONFIG: elsewhere })).toEqual({ host: "tcp://one:2376", certPath });
  });

  test("one that does not exist is refused", () => {
    const message = 'Docker context "gone" is not there. Choose one of `docker context ls` by `docker context use`.';
    expect(() => dockerHost({ DOCKER_CONTEXT: "gone" })).toThrow(new Error(message));
    current({ currentContext: "gone" });
    expect(() => dockerHost({})).toThrow(new Error(message));
  });

  test("a configuration that is not JSON is named, and not quoted", () => {
    current({});
    const file = join(folder, "config.json");
    writeFileSync(file, '{ "auths": hunter22 }');
    expect(() => dockerHost({})).toThrow(
      new Error(`${file} should be JSON, as the docker CLI writes it. Mend it, or remove it and sign in again.`),
    );
  });

  test("a name is not used as a path", () => {
    expect(() => dockerHost({ DOCKER_CONTEXT: "../../etc" })).toThrow('Docker context "../../etc" is not there.');
  });
});

describe("it is the local socket", () => {
  test.each<[string, unknown, NodeJS.ProcessEnv]>([
    ["nothing is set", undefined, {}],
    ["the configuration names no context", { auths: {} }, {}],
    ["the current context is the default one", { currentContext: "default" }, {}],
    [
      "DOCKER_CONTEXT is the default one, whatever is current",
      { currentContext: "gone" },
      { DOCKER_CONTEXT: "default" },
    ],
    ["the variables are empty", { auths: {} }, { DOCKER_HOST: "", DOCKER_CONTEXT: "", DOCKER_CONFIG: "" }],
  ])("when %s", (_, config, env) => {
    if (config) current(config);
    expect(dockerHost(env)).toEqual(LOCAL);
  });
});

test("the default is this process's environment", () => {
  vi.stubEnv("DOCKER_HOST", "tcp://mine:2375");
  vi.stubEnv("DOCKER_CERT_PATH", undefined);
  expect(dockerHost()).toEqual({ host: "tcp://mine:2375" });
});
