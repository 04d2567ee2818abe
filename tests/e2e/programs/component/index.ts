import * as pulumi from "@pulumi/pulumi";
import { Platform } from "stackyard";
import { program, settings } from "../../../../examples/component/index.ts";

// The example as it is, with ports of the test's own.

const config = new pulumi.Config();
const own = settings.parse({ hostPort: config.requireNumber("hostPort"), cache: config.requireObject("cache") });
const platform = await Platform.connect({ down: process.env.STACKYARD_DOWN === "1" });
const { cache } = await platform.declare(() => program(platform, own));
export const url = cache.connection.fromHost?.url;
