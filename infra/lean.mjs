import { registerHooks } from "node:module";

// Loaded before Pulumi's runner (`nodeargs` in Pulumi.yaml). The SDK's index loads its Automation API, and with it npm's own
// dependency solver: a fifth of an `up` with nothing to do, for something that no Pulumi program can use in itself.
registerHooks({
  load: (url, context, next) =>
    url.endsWith("/@pulumi/pulumi/automation/index.js")
      ? { format: "commonjs", source: "", shortCircuit: true }
      : next(url, context),
});
