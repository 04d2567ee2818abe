import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { byFolder, markOf, password } from "../../../components/core/secret.ts";
import { masker, maskOf } from "../../../components/core/support/mask.ts";
import { deploy, held, passwordOf } from "../helpers/stack.ts";

describe("maskOf", () => {
  test.each<[string, string[], string, string]>([
    ["as it was written", ["hunter22"], "password is hunter22!", "password is [secret]!"],
    ["each time", ["hunter22"], "hunter22 hunter22hunter22", "[secret] [secret][secret]"],
    ["each of several", ["hunter22", "sesame11"], "hunter22/sesame11", "[secret]/[secret]"],
    ["URL-encoded", ["p@ss word"], "redis://:p%40ss%20word@host", "redis://:[secret]@host"],
    ["in base64 but for the padding", ["hunter22"], `Basic ${btoa("hunter22")}`, "Basic [secret]="],
    ["in base64 without padding", ["hunter22"], `x ${btoa("hunter22").replaceAll("=", "")} y`, "x [secret] y"],
    ["the longer one of two, when one holds the other", ["hunter22", "hunter22-too"], "hunter22-too", "[secret]"],
    [
      "with characters that mean something in a regular expression",
      ["a.c$^*(["],
      "a.c$^*([ abc$^*([",
      "[secret] abc$^*([",
    ],
    ["over several lines", ["first\nsecond"], "a first\nsecond b", "a [secret] b"],
    ["in a text without any", ["hunter22"], "nothing here", "nothing here"],
    ["unless it is very short", ["abc"], "abc", "abc"],
    ["in no text, when none is known", [], "hunter22", "hunter22"],
    [
      "with quotes in it, as JSON has it",
      ['a"b\\c\nd'],
      JSON.stringify({ password: 'a"b\\c\nd' }),
      '{"password":"[secret]"}',
    ],
  ])("hides a secret %s", (_, secrets, text, expected) => {
    expect(maskOf(secrets)(text)).toBe(expected);
  });
});

describe("masker", () => {
  test("hides every secret that is known by then", async () => {
    const { add, mask } = masker();
    const later = Promise.withResolvers<string>();
    add(pulumi.secret("hunter22"));
    add(pulumi.output(later.promise));
    await expect.poll(() => mask("hunter22 sesame11 other")).toBe("[secret] sesame11 other");
    later.resolve("sesame11");
    await expect.poll(() => mask("hunter22 sesame11 other")).toBe("[secret] [secret] other");
  });

  test("does not wait for secrets that are not known yet", () => {
    const { add, mask } = masker();
    add(pulumi.output(new Promise<string>(() => {})));
    expect(mask("hunter22")).toBe("hunter22");
  });
});

describe("a generated password", () => {
  test("is random, made once, and never changes", async () => {
    const stack = await deploy((platform) => password("db-password", platform, { parent: platform }));
    const { type, inputs, ignoreChanges, protect, parent, hooks } = stack.get("RandomPassword db-password");
    expect({ type, inputs, ignoreChanges, protect, parent, hooks }).toEqual({
      type: "random:index/randomPassword:RandomPassword",
      inputs: { length: 32, special: false },
      ignoreChanges: ["*"],
      protect: false,
      parent: "Platform platform",
      hooks: {},
    });
    expect([await held(stack.made), await pulumi.isSecret(stack.made)]).toEqual([passwordOf("db-password"), true]);
  });

  test("is protected when its data is", async () => {
    const stack = await deploy((platform) => password("db-password", platform, { parent: platform, protect: true }));
    expect(stack.get("RandomPassword db-password").protect).toBe(true);
  });

  test("is hidden in messages", async () => {
    const stack = await deploy((platform) => password("db-password", platform, { parent: platform }));
    expect(stack.platform.secrets.mask(`is ${passwordOf("db-password")}`)).toBe("is [secret]");
  });
});

describe("a secret's mark", () => {
  const markFor = (secret: string, key = "a key that is long") =>
    held(markOf(pulumi.secret(secret), pulumi.secret(key)) as pulumi.Output<string>);

  test("is the same for the same secret and key, different for another one of either, and not secret itself", async () => {
    expect(await markFor("hunter22")).toBe("36459db952094f97");
    expect(await markFor("hunter22")).toBe(await markFor("hunter22"));
    expect(await markFor("hunter23")).not.toBe(await markFor("hunter22"));
    expect(await markFor("hunter22", "another key")).not.toBe(await markFor("hunter22"));
    expect(await pulumi.isSecret(markOf(pulumi.secret("hunter22"), pulumi.secret("a key")))).toBe(false);
  });
});

test("secrets of one folder come together, and an empty folder is left out", () => {
  expect(byFolder({ a: "1" }, { "/run/secrets": { b: "2" }, "/etc/keys": { c: "3" } })).toEqual({
    "/run/secrets": { a: "1", b: "2" },
    "/etc/keys": { c: "3" },
  });
  expect(byFolder({}, {})).toEqual({});
});
