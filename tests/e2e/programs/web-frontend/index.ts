import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { Frontend, Platform } from "../../../../components/index.ts";

// The sample front end, from a copy of its folder. In prod nothing serves its files: they count as served once they are there.

const config = new pulumi.Config();
const context = join(config.require("copy"), "examples/web/frontend");
const platform = await Platform.connect({
  environment: config.require<"dev" | "prod">("environment"),
  down: process.env.STACKYARD_DOWN === "1",
});
const files = await platform.declare(() => {
  const hostPort = config.getNumber("hostPort");
  const frontend = new Frontend("frontend", {
    platform,
    build: {
      context,
      dockerfile: "../../../infra/docker/frontend.Dockerfile",
      images: {
        NODE_IMAGE: { registry: "node:24-slim", packages: "node" },
        FILES_IMAGE: { registry: "busybox:1.37-musl", packages: "busybox" },
      },
    },
    sources: { [join(context, "src")]: "/app/src" },
    ...(hostPort === undefined ? {} : { hostPort }),
  });
  if (process.env.FAILS !== "1") frontend.files?.retireOthers(frontend.ready);
  return frontend.files;
});

export const volume = files?.volume.key;
export const version = files?.version;
