import type * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { z } from "zod";
import * as core from "../../../components/core/index.ts";
import { Database, databaseArgs, databaseSettings, parseArgs, secretValue } from "../../../components/core/index.ts";
import { Api } from "../../../components/index.ts";
import { deploy, held, passwordOf, refusedBy } from "../helpers/stack.ts";

test("exports what a component of one's own needs, and nothing else", () => {
  expect(Object.keys(core).sort()).toEqual([
    "Build",
    "Database",
    "Job",
    "NOBODY",
    "PROBE_IMAGE",
    "Service",
    "Setup",
    "byShape",
    "configFiles",
    "connection",
    "containerPath",
    "count",
    "cpus",
    "databaseArgs",
    "databaseSettings",
    "decidedBy",
    "env",
    "environmentOf",
    "file",
    "files",
    "fixedUser",
    "gate",
    "gpus",
    "hidden",
    "hostPort",
    "httpProbe",
    "identifier",
    "imageArg",
    "imageOn",
    "imageOrBuild",
    "instance",
    "lifecycle",
    "limits",
    "matching",
    "mebibytes",
    "needsProgram",
    "parseArgs",
    "password",
    "platform",
    "probe",
    "probeOf",
    "readConfigFiles",
    "refuseDuplicates",
    "refuseImageAndBuild",
    "refuseTwoImages",
    "seconds",
    "secretText",
    "secretValue",
    "secrets",
    "sentence",
    "serverSettings",
    "settingValue",
    "unshown",
    "user",
    "uses",
    "variable",
    "variablesOf",
    "whole",
  ]);
});

const Settings = z.strictObject(databaseSettings({ memoryMiB: 64, readyTimeoutSeconds: 30, stopGraceSeconds: 10 }));
const Args = Settings.safeExtend({
  ...databaseArgs,
  /** @default - a random one, made once */
  password: secretValue().optional(),
});

/** A database that the library does not know, in as few lines as possible. */
class Memcached extends Database {
  constructor(name: string, args: z.input<typeof Args>, opts?: pulumi.ComponentResourceOptions) {
    const { password, ...rest } = parseArgs(Args, "Memcached", name, args);
    super("Memcached", name, rest, opts, {
      image: { registry: "memcached:1.6" },
      port: 11_211,
      command: ["memcached", "--auth-file=/run/secrets/users"],
      user: "11211:11211",
      data: { path: "/data" },
      probe: { test: ["CMD", "true"] },
      credential: {
        name: "password",
        given: password,
        read: "at every start",
        files: (secret) => ({ users: secret }),
      },
      connection: { scheme: "memcached", user: "cache" },
    });
  }
}

test("a database of one's own works as the library's do", async () => {
  const stack = await deploy((platform) => {
    const cache = new Memcached("sessions", { platform, hostPort: 21_211 });
    new Api("web", { platform, image: "web:1", uses: { cache }, probe: "none" });
    return cache;
  });
  expect(stack.get("Memcached sessions").type).toBe("stackyard:databases:Memcached");
  expect(stack.get("Container sessions").inputs).toMatchObject({
    memory: 64,
    user: "11211:11211",
    readOnly: true,
    ports: [{ internal: 11_211, external: 21_211, ip: "127.0.0.1", protocol: "tcp" }],
  });
  expect(stack.get("Container web").inputs.envs).toEqual(
    expect.arrayContaining(["CACHE_HOST=sessions", "CACHE_PORT=11211", "CACHE_USER=cache"]),
  );
  expect(stack.waitsFor("Container web", "Stash sessions-ready")).toBe(true);
  expect(await held(stack.made.connection.url)).toBe(
    `memcached://cache:${passwordOf("sessions-password")}@sessions:11211`,
  );
});

test("its arguments are checked as the library's are", async () => {
  const refused = await refusedBy(() =>
    deploy((platform) => new Memcached("sessions", { platform, hostPort: 0, password: "abc", memory: 1 } as never)),
  );
  expect(refused).toEqual([
    [
      'Memcached "sessions" has bad arguments',
      "  hostPort: should be 1 to 65535, got 0",
      "  password: should be 4 characters or more, none a control character, got a value that is not shown",
      "  memory: should not be there; did you mean `memoryMiB`?",
    ].join("\n"),
  ]);
});
