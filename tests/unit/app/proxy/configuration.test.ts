import { output } from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { Configuration, type Trial } from "../../../../components/app/proxy/configuration.ts";
import { filesFile } from "../../../../components/app/proxy/files.ts";
import { routeFile } from "../../../../components/app/proxy/upstream.ts";
import { ExecError, type Member, PROBE_PROGRAM } from "../../../../components/core/member.ts";

// What its scripts do in a container is in tests/e2e/releases.test.ts.

/** A proxy that records what is run in it: the script's first comment, and its arguments. */
function proxy(files: Record<string, string>, fails: (what: string) => string | undefined = () => undefined) {
  const ran: string[][] = [];
  const member: Member = {
    resource: undefined as never,
    key: output("proxy"),
    host: output("proxy"),
    ready: async () => {},
    reach: async () => {},
    put: async (folder, given) => void ran.push(["put", folder, ...Object.entries(given).flat()]),
    async exec([program, path = "", script = "", , ...args]) {
      if (program === "cat") {
        const text = files[path.replace("/proxy/current/", "")];
        if (text === undefined) throw new ExecError("No such file or directory");
        return text;
      }
      const what = script.split("\n")[0] ?? "";
      const reason = fails(what);
      // The name of a generation is random.
      ran.push([what.split(" ")[1] ?? "", ...(what.startsWith("# Makes") ? args.slice(1) : args)]);
      if (reason !== undefined) throw new ExecError(reason);
      return "";
    },
  };
  return { ran, configuration: new Configuration(member, 'ReverseProxy "proxy"') };
}

const NEW = ["c3:3000", "c4:3000"];
const TRIAL: Trial = { upstream: "app", servers: NEW, host: "localhost", path: "/ready", good: "well", seconds: 30 };
const FILE = "routes/app.conf";
const serving = (servers: string[]) => ({ [FILE]: routeFile("app", { servers }) });

test("a switch resolves and tries the new servers before it uses them", async () => {
  const servers = ["c1:3000", "c2:3000"];
  const { ran, configuration } = proxy(serving(servers));
  await configuration.switchTo(TRIAL);
  expect(ran).toEqual([
    ["Makes", PROBE_PROGRAM, "put", FILE, routeFile("app", { servers, next: NEW, candidates: NEW })],
    ["Asks", PROBE_PROGRAM, "8081", "app_candidate", "localhost", "/ready", "2", "well", "30"],
    ["Makes", PROBE_PROGRAM, "put", FILE, routeFile("app", { servers: NEW })],
  ]);
});

test("servers that are used already are not tried again", async () => {
  const { ran, configuration } = proxy(serving(NEW));
  await configuration.switchTo(TRIAL);
  expect(ran).toEqual([["Makes", PROBE_PROGRAM, "put", FILE, routeFile("app", { servers: NEW })]]);
});

test("where one gives no good answer, those before serve on, and the message has the last answer", async () => {
  const servers = ["c1:3000"];
  const { ran, configuration } = proxy(serving(servers), (what) =>
    what.startsWith("# Asks") ? "HTTP/1.1 500" : undefined,
  );
  await expect(configuration.switchTo(TRIAL)).rejects.toThrow(
    'ReverseProxy "proxy": the new "app" does not answer /ready through the proxy within 30 s, and gets no requests; what served ' +
      "before serves on. Its last answer:\nHTTP/1.1 500\nMend the cause and run `up` again.",
  );
  expect(ran.at(-1)).toEqual(["Makes", PROBE_PROGRAM, "put", FILE, routeFile("app", { servers })]);
});

test("a certificate is put in before it is taken, and is in no command", async () => {
  const { ran, configuration } = proxy({});
  await configuration.secure("listen 8443 ssl;", "CERTIFICATE", "KEY");
  expect(ran).toEqual([
    ["put", "/proxy", "certificate.pem", "CERTIFICATE", "key.pem", "KEY"],
    [
      ...["Makes", PROBE_PROGRAM, "put", "tls/server.conf", "listen 8443 ssl;"],
      ...["take", "tls/certificate.pem", "certificate.pem", "take", "tls/key.pem", "key.pem"],
    ],
  ]);
});

test("what Nginx says against a configuration is in the message", async () => {
  const { configuration } = proxy({}, () => 'unknown directive "nonsense" in nginx.conf:7');
  await expect(configuration.change(["put", "nginx.conf", "nonsense"])).rejects.toThrow(
    'ReverseProxy "proxy": Nginx refuses its new configuration, and the one before is in force:\n' +
      'unknown directive "nonsense" in nginx.conf:7\n',
  );
});

test("changes are made one after the other, also after one that failed", async () => {
  let running = 0;
  const seen: number[] = [];
  const { configuration } = proxy({}, () => void seen.push(++running));
  const done = () => void running--;
  await Promise.all(["a", "b", "c"].map((name) => configuration.change(["put", name, ""]).then(done, done)));
  expect(seen).toEqual([1, 1, 1]);
});

test.each([
  ["first", "", { current: "v1" }],
  ["next", filesFile("web", { current: "v0" }), { current: "v1", previous: "v0" }],
  ["same", filesFile("web", { current: "v1", previous: "v0" }), { current: "v1", previous: "v0" }],
  ["one before", filesFile("web", { current: "v2", previous: "v1" }), { current: "v1", previous: "v2" }],
])("a front end's files: the %s version", async (_, before, versions) => {
  const { ran, configuration } = proxy({ "files/web.conf": before });
  await configuration.serve("web", "v1");
  expect(ran).toEqual([["Makes", PROBE_PROGRAM, "put", "files/web.conf", filesFile("web", versions)]]);
});

test("where the configuration was lost, the message says only what to do", async () => {
  const lost = "its configuration was lost: do this";
  const { configuration } = proxy({}, () => lost);
  await expect(configuration.switchTo(TRIAL)).rejects.toThrow(new Error(`ReverseProxy "proxy": ${lost}`));
});
