import { existsSync } from "node:fs";
import { registerHooks } from "node:module";
import { setFlagsFromString } from "node:v8";

// Without V8's optimizing compilers: a program ends before their work would pay off.
setFlagsFromString("--no-opt");
setFlagsFromString("--no-maglev");

// Loaded before Pulumi's runner (`nodeargs` in Pulumi.yaml). More than half of the time that an `up` with nothing to do spends in
// Node.js goes into parts of the SDK that it does not use. What no program can use is left out; the rest is loaded at its first
// use. These files are private to the SDK, so its version is exact in package.json, and tests/unit/private-parts.test.ts says
// which of them has moved in another one.
const STAND_INS = {
  // For programs that run pulumi.
  "/@pulumi/pulumi/automation/index.js": "",
  // For builds with the credentials of a container registry: loads gRPC and Protocol Buffers.
  "/dockerode/lib/session.js": "",
  // An SSH client. The program `ssh` is used in its place (components/engines/containers/ssh.ts).
  "/docker-modem/lib/ssh.js": "",
  // Node.js strips types in place: there is nothing to map.
  "/source-map-support/register.js": "",
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

/** Loads a module when one of its exports is first used. @param loading the expression by which the file loads it at its start. */
const later = (path, loading) => ({
  path,
  text: loading,
  replacement: `new Proxy({}, { get: (_, name) => (${loading})[name] })`,
});

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
  // OpenTelemetry, a third of all files, for `pulumi --tracing` and `--otel-traces`.
  {
    path: "/@pulumi/pulumi/cmd/run/run.js",
    unless: "TRACEPARENT",
    text: '__importStar(require("./tracing"))',
    replacement: `process.argv.some((each) => /^--tracing=./.test(each))
      ? require("./tracing")
      : { newSpan: () => ({ end() {}, setAttribute() {}, addEvent() {} }) }`,
  },
  // Versions of Node.js and of providers, compared where package.json or a resource names one.
  later("/@pulumi/pulumi/cmd/run/run.js", '__importStar(require("semver"))'),
  later("/@pulumi/pulumi/runtime/rpc.js", '__importStar(require("semver"))'),
  // A package.json in YAML.
  later("/@pulumi/pulumi/runtime/manifest.js", '__importStar(require("js-yaml"))'),
  // Functions that are kept in state, for dynamic providers.
  later("/@pulumi/pulumi/runtime/closure/rewriteSuper.js", '__importStar(require("semver"))'),
  later("/@pulumi/pulumi/runtime/closure/codePaths.js", '__importDefault(require("normalize-package-data"))'),
  later("/@pulumi/pulumi/runtime/closure/codePaths.js", '__importStar(require("@npmcli/arborist"))'),
  later("/@pulumi/pulumi/runtime/closure/parseFunction.js", 'require("../../typescript-shim")'),
];

// In a clone of Stackyard there is nothing compiled: the package's own names lead to its sources.
const SOURCES = Object.fromEntries(
  Object.entries({ stackyard: "../components/index.ts", "stackyard/core": "../components/core/index.ts" })
    .map(([name, path]) => [name, new URL(path, import.meta.url)])
    .filter(([, source]) => existsSync(source)),
);

registerHooks({
  resolve: (specifier, context, next) => next(SOURCES[specifier]?.href ?? specifier, context),
  load: (url, context, next) => {
    const [, source] = Object.entries(STAND_INS).find(([path]) => url.endsWith(path)) ?? [];
    if (source !== undefined) return { format: "commonjs", source, shortCircuit: true };
    const loaded = next(url, context);
    for (const { path, unless, text, replacement } of REPLACED) {
      if (url.endsWith(path) && !(unless && process.env[unless]))
        loaded.source = String(loaded.source).replace(text, () => replacement);
    }
    return loaded;
  },
});
