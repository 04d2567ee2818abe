import * as pulumi from "@pulumi/pulumi";
import { Ollama, OllamaModels, type OllamaModelsArgs, Platform } from "../../../../components/index.ts";

// An Ollama, and the models that the settings name.

const config = new pulumi.Config();
const platform = await Platform.connect({ down: process.env.STACKYARD_DOWN === "1" });
export const { url } = await platform.declare(() => {
  const database = new Ollama("ollama", { platform, hostPort: config.requireNumber("hostPort") });
  new OllamaModels("models", {
    platform,
    database,
    models: config.requireObject<OllamaModelsArgs["models"]>("models"),
  });
  const url = database.connection.fromHost?.url;
  return { url };
});
