import * as pulumi from "@pulumi/pulumi";
import { Platform, SetupJob } from "../../../../components/index.ts";

const config = new pulumi.Config();
const platform = await Platform.connect();
await platform.declare(() => {
  new SetupJob("greets", {
    platform,
    build: {
      context: "app",
      dockerfile: "docker/job.dockerfile",
      target: "job",
      args: { GREETING: config.require("greeting") },
      secrets: { key: config.require("key") },
      images: { BASE: { registry: "debian:trixie-slim", packages: "base" } },
    },
  });
});
