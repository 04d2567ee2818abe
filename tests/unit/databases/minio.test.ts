import { expect, test } from "vitest";
import { Minio, type MinioArgs } from "../../../components/index.ts";
import { deliveriesTo } from "../helpers/expected.ts";
import { deploy, type Options, passwordOf } from "../helpers/stack.ts";

const CONTAINER = "Container store";
const minio = (args: Partial<MinioArgs> = {}, options: Options = {}) =>
  deploy((platform) => new Minio("store", { platform, ...args }), options);

test.each<[string, Partial<MinioArgs>, Options, string]>([
  ["root without capabilities in the official image, whose data folder is root's", {}, {}, "0:0"],
  ["the data folder's owner in the image from packages", {}, { imageSource: "packages" }, "1000:1000"],
  ["whoever owns the data folder of another image", { user: "65532:65532" }, {}, "65532:65532"],
])("runs as %s", async (_, args, options, user) => {
  const stack = await minio(args, options);
  expect(stack.get(CONTAINER).inputs).toMatchObject({ user, capabilities: { drops: ["ALL"] }, readOnly: true });
  expect((await deliveriesTo(stack, "store")).map(({ access }) => access)).toEqual([`400 ${user}`]);
  expect(stack.get("Stash ledger").inputs).toMatchObject({ input: { volumes: { store: { firstStart: { user } } } } });
});

test("runs the given image", async () => {
  const stack = await minio({ image: { registry: "registry.example.com/minio:1" } });
  expect(stack.of("RemoteImage").map(({ inputs }) => inputs.name)).toEqual(["registry.example.com/minio:1"]);
  expect(stack.get(CONTAINER).inputs.image).toBe("sha256:image-registry-example-com-minio-1");
});

test("has a console when the console's port is published", async () => {
  const { inputs } = (await minio({ consoleHostPort: 19_001 })).get(CONTAINER);
  expect(inputs.envs).toContain("MINIO_BROWSER=on");
  expect(inputs.ports).toEqual([{ internal: 9001, external: 19_001, ip: "127.0.0.1", protocol: "tcp" }]);
});

test("its administrator can have another name", async () => {
  const stack = await minio({ rootUser: "admin" });
  const secret = passwordOf("store-password");
  expect((await deliveriesTo(stack, "store")).map(({ files }) => files)).toEqual([
    {
      "root-user": "admin",
      "root-password": secret,
      "mc.env": `MC_HOST_server=http://admin:${secret}@store:9000\n`,
    },
  ]);
});
