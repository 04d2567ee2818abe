import * as pulumi from "@pulumi/pulumi";
import { Minio, MinioSetup, type MinioSetupArgs, Platform } from "../../../../components/index.ts";

// A MinIO with everything that differs from the defaults, and the buckets that the settings name.

const config = new pulumi.Config();
const platform = await Platform.connect({ down: process.env.STACKYARD_DOWN === "1" });
export const { url } = await platform.declare(() => {
  const storage = new Minio("minio", {
    platform,
    rootUser: "some.admin",
    password: config.require("password"),
    hostPort: config.requireNumber("hostPort"),
    consoleHostPort: config.requireNumber("consoleHostPort"),
    lifecycle: "ephemeral",
  });
  new MinioSetup("buckets", {
    platform,
    storage,
    buckets: config.requireObject<MinioSetupArgs["buckets"]>("buckets"),
  });
  const url = storage.connection.fromHost?.url;
  return { url };
});
