import { registerHooks } from "node:module";

// Loaded before Pulumi's runner (`nodeargs` in Pulumi.yaml). More than half of the time that an `up` with nothing to do spends in
// Node.js goes into parts of the SDK that it does not use. What no program can use is left out; what serves functions that are
// kept in state (dynamic providers) is loaded when the first of those is met. These files are private to the SDK, so its version
// is exact in package.json, and tests/unit/private-parts.test.ts says which of them has moved in another one.
const STAND_INS = {
  // For programs that run pulumi.
  "/@pulumi/pulumi/automation/index.js": "",
  // For builds with the credentials of a container registry: loads gRPC and Protocol Buffers.
  "/dockerode/lib/session.js": "",
  // Node.js strips types in place: there is nothing to map.
  "/source-map-support/register.js": "",
  "/@pulumi/pulumi/typescript-shim.js": `
    const load = () => { try { return require("typescript"); } catch { return require("./vendor/typescript@3.8.3/typescript.js"); } };
    module.exports = new Proxy({}, { get: (_, name) => load()[name] });`,
  "/@npmcli/arborist/lib/index.js": `
    module.exports = { __esModule: true, get Arborist() { return require("./arborist/index.js"); } };`,
  // A debugger's session, which tells where a function came from.
  "/@pulumi/pulumi/runtime/closure/v8Hooks.js": `
    require("node:v8").setFlagsFromString("--allow-natives-syntax");
    const urls = new Map();
    let opened;
    async function open() {
      const session = new (require("node:inspector").Session)();
      session.connect();
      session.on("Debugger.scriptParsed", ({ params }) => urls.set(params.scriptId, params.url));
      await new Promise((resolve, reject) => session.post("Debugger.enable", (error) => (error ? reject(error) : resolve())));
      return session;
    }
    exports.getSessionAsync = () => (opened ??= open());
    exports.isInitializedAsync = async () => {};
    exports.getScriptUrl = (id) => urls.get(id);`,
};

// Texts of the SDK's files that are replaced, unless a variable of the environment is set.
const REPLACED = [
  // Keeps a stack trace with every promise, to find one that never settles.
  {
    path: "/@pulumi/pulumi/runtime/debuggable.js",
    unless: "PULUMI_DEBUG_PROMISE_LEAKS",
    text: "value: new Error().stack",
    replacement: 'value: ""',
  },
  // Sends the lines for `pulumi --debug`, four for each resource, to the engine one by one, whether it shows them or not.
  {
    path: "/@pulumi/pulumi/log/index.js",
    unless: "STACKYARD_DEBUG",
    text: "function debug(msg, resource, streamId, ephemeral) {",
    replacement: "function debug() { return Promise.resolve();",
  },
];

registerHooks({
  load: (url, context, next) => {
    const [, source] = Object.entries(STAND_INS).find(([path]) => url.endsWith(path)) ?? [];
    if (source !== undefined) return { format: "commonjs", source, shortCircuit: true };
    const loaded = next(url, context);
    const found = REPLACED.find(({ path }) => url.endsWith(path));
    if (found && !process.env[found.unless])
      loaded.source = String(loaded.source).replace(found.text, found.replacement);
    return loaded;
  },
});
