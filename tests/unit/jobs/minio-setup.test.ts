import { describe, expect, test } from "vitest";
import { Minio, type MinioArgs, MinioSetup, type MinioSetupArgs } from "../../../components/index.ts";
import { deploy } from "../helpers/stack.ts";

const setup = (buckets: MinioSetupArgs["buckets"] = { kept: {} }, server: Partial<MinioArgs> = {}) =>
  deploy((platform) => {
    const storage = new Minio("store", { platform, ...server });
    return new MinioSetup("buckets", { platform, storage, buckets });
  });

const commands = async (buckets: MinioSetupArgs["buckets"]) => {
  const { command } = (await setup(buckets)).get("Container buckets").inputs as { command: string[] };
  expect(command.length).toBe(1);
  return command[0]?.split("\n");
};

test("a server of another image is set up with that one", async () => {
  const stack = await setup({ kept: {} }, { image: { registry: "minio.example.com/minio:1" } });
  expect(stack.get("Container buckets").inputs.image).toBe("sha256:image-minio-example-com-minio-1");
});

test("by default a bucket is private, not versioned, and keeps its objects", async () => {
  expect(await commands({ kept: {} })).toEqual([
    "mc mb --ignore-existing server/kept",
    "info=$(mc version info --json server/kept)",
    `case $info in *'"Enabled"'*) mc version suspend server/kept ;; esac`,
    "if mc ilm rule export server/kept >/dev/null 2>&1; then mc ilm rule rm --all --force server/kept; fi",
    "mc anonymous set none server/kept",
  ]);
});

test("buckets are set up one after the other, each with all its settings", async () => {
  const lines = await commands({
    "my.bucket-1": {},
    public: { versioning: true, expireAfterDays: 30, anonymous: "download" },
  });
  expect(lines?.slice(5)).toEqual([
    "mc mb --ignore-existing server/public",
    "mc version enable server/public",
    `printf %s '{"Rules":[{"ID":"expire","Status":"Enabled","Filter":{"Prefix":""},"Expiration":{"Days":30},"NoncurrentVersionExpiration":{"NoncurrentDays":30}}]}' | mc ilm rule import server/public`,
    "mc anonymous set download server/public",
  ]);
  expect(lines?.[0]).toBe("mc mb --ignore-existing server/my.bucket-1");
});

describe("a bucket's name", () => {
  test.each(["abc", "a.b", "0-1", `a${"-b".repeat(31)}`])("may be %s", async (name) => {
    expect((await commands({ [name]: {} }))?.[0]).toBe(`mc mb --ignore-existing server/${name}`);
  });

  test.each(["ab", "Uploads", "a_b", "-abc", "abc-", "a..b", "a.-b", "a-.b", "a;b", "a b", "a/b", "a".repeat(64)])(
    "may not be %j",
    async (name) => {
      await expect(setup({ [name]: {} })).rejects.toThrow(
        `MinioSetup "buckets" has bad arguments\n  buckets.${name}: should be a bucket's name (3 to 63 of `,
      );
    },
  );
});
