import * as pulumi from "@pulumi/pulumi";
import { Platform, SetupJob } from "../../../../components/index.ts";

// Two images on bases of a container registry: one that is named in `images`, and is pulled before, and one that BuildKit pulls.

const config = new pulumi.Config();
const platform = await Platform.connect({ imageSource: "registry" });
await platform.declare(() => {
  const common = { platform, command: ["cat", "/built"] };
  const context = "app";
  new SetupJob("named", { ...common, build: { context, images: { BASE: { registry: config.require("named") } } } });
  new SetupJob("unnamed", { ...common, build: { context, args: { BASE: config.require("unnamed") } } });
});
