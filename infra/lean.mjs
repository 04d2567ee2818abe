import { registerHooks } from "node:module";

// Loaded before Pulumi's runner (`nodeargs` in Pulumi.yaml). More than half of the time that an `up` with nothing to do spends in
// Node.js goes into parts of the SDK that it does not use. What none can use is left out; what serves functions that are kept in
// state (dynamic providers) is loaded when the first of those is met.
const LEAN = {
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

// What a text of the SDK is replaced by, where nobody asked for it.
const TERSE = [
  // A stack trace is kept with every promise, for those who look for one that never settles.
  {
    path: "/@pulumi/pulumi/runtime/debuggable.js",
    asked: "PULUMI_DEBUG_PROMISE_LEAKS",
    text: "value: new Error().stack",
    by: 'value: ""',
  },
  // Lines for `pulumi --debug`, four for each resource, are handed to the engine one by one, whether it shows them or not.
  {
    path: "/@pulumi/pulumi/log/index.js",
    asked: "STACKYARD_DEBUG",
    text: "function debug(msg, resource, streamId, ephemeral) {",
    by: "function debug() { return Promise.resolve();",
  },
];

registerHooks({
  load: (url, context, next) => {
    const [, source] = Object.entries(LEAN).find(([path]) => url.endsWith(path)) ?? [];
    if (source !== undefined) return { format: "commonjs", source, shortCircuit: true };
    const loaded = next(url, context);
    const terse = TERSE.find(({ path }) => url.endsWith(path));
    if (terse && !process.env[terse.asked]) loaded.source = String(loaded.source).replace(terse.text, terse.by);
    return loaded;
  },
});
