import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test, vi } from "vitest";
import { firstPassword, masker, maskOf, password } from "../../../components/core/secret.ts";
import { deploy, held, ID, passwordOf } from "../helpers/stack.ts";

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

describe("a password that is made", () => {
  test("is random, made once, and nothing of it changes later", async () => {
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

  test("is hidden from then on", async () => {
    const stack = await deploy((platform) => password("db-password", platform, { parent: platform }));
    expect(stack.platform.secrets.mask(`is ${passwordOf("db-password")}`)).toBe("is [secret]");
  });
});

describe("a password that is given for the first start", () => {
  const CHANGE = { oldInputs: { input: "hunter22" }, newInputs: { input: "sesame11" } };
  const given = (opts: pulumi.CustomResourceOptions = {}, recorded: Record<string, unknown> = {}) =>
    deploy((platform) => firstPassword("db-password", "db", platform, "hunter22", { parent: platform, ...opts }), {
      recorded: { identity: { id: ID, host: "unix:///var/run/docker.sock", imageSource: "registry" }, ...recorded },
    });

  test("is kept in the state, as a secret", async () => {
    const stack = await given();
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
    expect(stack.platform.secrets.mask("is hunter22")).toBe("is [secret]");
  });

  test("when given anew is refused, by the preview too, without a word of it", async () => {
    const stack = await given();
    expect(stack.hook("given-db-password").opts).toEqual({ onDryRun: true });
    await expect(stack.run("given-db-password", CHANGE)).rejects.toThrow(
      new Error(
        "db-password: should be the password that the data was first made with, got another one: the server took that one over " +
          "into its data, and reads none any more. Keep it. " +
          "To lose its data on purpose: make … DISCARD=db (STACKYARD_DISCARD=db for plain pulumi).",
      ),
    );
  });

  test("when given anew is taken where the data may be lost", async () => {
    vi.stubEnv("STACKYARD_DISCARD", "other,db");
    const stack = await given({}, { "db-password": "the-old-one" });
    await expect(stack.run("given-db-password", CHANGE)).resolves.toBeUndefined();
    expect(await held(stack.made)).toBe("hunter22");
    vi.unstubAllEnvs();
  });

  test("is protected when its data is", async () => {
    expect((await given({ protect: true })).get("Stash db-password").protect).toBe(true);
  });
});
