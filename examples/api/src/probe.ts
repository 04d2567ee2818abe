// The container's health check, run as `node src/probe.ts [/path]`: exits 0 only if the answer is 200.
// The orchestrator starts it every few hundred milliseconds, so it must load next to nothing.

// Not `import`: that also loads the WebSocket which node:http exports, and takes twice as long.
const { get } = process.getBuiltinModule("node:http");

const TIMEOUT_MS = 4_000;

const request = get(
  { host: "127.0.0.1", port: process.env.PORT || 3000, path: process.argv[2] ?? "/ready", agent: false },
  (response) => {
    if (response.statusCode === 200) process.exit(0);
    response.on("data", (chunk) => process.stdout.write(chunk));
    response.on("end", () => process.exit(1));
  },
);
request.setTimeout(TIMEOUT_MS, () => request.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
request.on("error", ({ message }) => {
  console.log(message);
  process.exit(1);
});
