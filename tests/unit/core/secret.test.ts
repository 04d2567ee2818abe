import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { masker, maskOf, password } from "../../../components/core/secret.ts";
import { deploy, held, passwordOf } from "../helpers/stack.ts";

describe("maskOf", () => {
  test.each<[string, string[], string, string]>([
    ["as it is", ["hunter22"], "password is hunter22!", "password is [secret]!"],
    ["each time", ["hunter22"], "hunter22 hunter22hunter22", "[secret] [secret][secret]"],
    ["each of several", ["hunter22", "sesame11"], "hunter22/sesame11", "[secret]/[secret]"],
    ["URL-encoded", ["p@ss word"], "redis://:p%40ss%20word@host", "redis://:[secret]@host"],
    ["in base64 but for the padding", ["hunter22"], `Basic ${btoa("hunter22")}`, "Basic [secret]="],
    ["in base64 without padding", ["hunter22"], `x ${btoa("hunter22").replaceAll("=", "")} y`, "x [secret] y"],
    ["the longer one of two, when one holds the other", ["hunter22", "hunter22-too"], "hunter22-too", "[secret]"],
    ["with what a regular expression would misread", ["a.c$^*(["], "a.c$^*([ abc$^*([", "[secret] abc$^*(["],
    ["over several lines", ["first\nsecond"], "a first\nsecond b", "a [secret] b"],
    ["in a text without any", ["hunter22"], "nothing here", "nothing here"],
    ["not one so short that all would go", ["abc"], "abc", "abc"],
    ["when there are none", [], "hunter22", "hunter22"],
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
  test("hides all that is known by then", async () => {
    const { add, mask } = masker();
    const later = Promise.withResolvers<string>();
    add(pulumi.secret("hunter22"));
    add(pulumi.output(later.promise));
    await expect.poll(() => mask("hunter22 sesame11 other")).toBe("[secret] sesame11 other");
    later.resolve("sesame11");
    await expect.poll(() => mask("hunter22 sesame11 other")).toBe("[secret] [secret] other");
  });

  test("waits for none that may never be known", () => {
    const { add, mask } = masker();
    add(pulumi.output(new Promise<string>(() => {})));
    expect(mask("hunter22")).toBe("hunter22");
  });
});

describe("password", () => {
  test("is random, made once, and nothing of it changes later", async () => {
    const stack = await deploy((platform) => password("db-password", platform, undefined, { parent: platform }));
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

  test("when given is kept in the state, as a secret", async () => {
    const stack = await deploy((platform) => password("db-password", platform, "hunter22", { parent: platform }));
    const { inputs, secretInputs, ignoreChanges, protect, hooks } = stack.get("Stash db-password");
    expect({ inputs, secretInputs, ignoreChanges, protect, hooks }).toEqual({
      inputs: { input: "hunter22" },
      secretInputs: ["input"],
      ignoreChanges: [],
      protect: false,
      hooks: { beforeUpdate: ["given-db-password"] },
    });
    expect([await held(stack.made), await pulumi.isSecret(stack.made)]).toEqual(["hunter22", true]);
    expect(stack.of("RandomPassword")).toEqual([]);
  });

  test("when given anew is refused, by the preview too, without a word of it", async () => {
    const stack = await deploy((platform) =>
      password("db-password", platform, pulumi.secret("hunter22"), { parent: platform }),
    );
    expect(stack.hook("given-db-password").opts).toEqual({ onDryRun: true });
    await expect(
      stack.run("given-db-password", { oldInputs: { input: "hunter22" }, newInputs: { input: "sesame11" } }),
    ).rejects.toThrow(
      new Error(
        "db-password: should be the password that the data was first made with, got another one: the server would go on with the old one. " +
          "Change it inside the running database first; rotation is not built yet.",
      ),
    );
  });

  test.each<[string, string | undefined]>([
    ["RandomPassword db-password", undefined],
    ["Stash db-password", "hunter22"],
  ])("is protected when its data is: %s", async (key, given) => {
    const stack = await deploy((platform) =>
      password("db-password", platform, given, { parent: platform, protect: true }),
    );
    expect(stack.get(key).protect).toBe(true);
  });

  test.each<[string, string | undefined, string]>([
    ["random", undefined, passwordOf("db-password")],
    ["given", "hunter22", "hunter22"],
  ])("is hidden from then on when %s", async (_, given, secret) => {
    const stack = await deploy((platform) => password("db-password", platform, given, { parent: platform }));
    expect(stack.platform.secrets.mask(`is ${secret}`)).toBe("is [secret]");
  });
});
