import { expect, test } from "vitest";
import { routes, trustedProxies } from "../../../../components/app/proxy/routes.ts";
import type { Target } from "../../../../components/app/proxy/target.ts";
import { faultsOf } from "../../../../components/core/support/args.ts";

const to: Target = { upstream: { name: "backend", members: [], port: 3000, startFirst: true } };
const files: Target = {
  files: {
    name: "web",
    volume: undefined as never,
    version: undefined as never,
    gate: undefined as never,
    retireOthers: undefined as never,
  },
};

function faults(given: unknown): string[] {
  const parsed = routes().safeParse(given);
  return parsed.success ? [] : faultsOf(parsed.error, given);
}

test("a route has defaults", () => {
  expect(routes().parse([{ to }])).toEqual([
    {
      path: "/",
      to,
      webSocket: false,
      stripPath: false,
      connectTimeoutSeconds: 5,
      readTimeoutSeconds: 60,
      bodyMiB: 1,
    },
  ]);
});

test.each(["/", "/api/", "/api", "/a/b.c/~d-e_f/", "/.well-known/"])("%s is a path", (path) => {
  expect(faults([{ path, to }])).toEqual([]);
});

test.each([
  "",
  "api/",
  "//",
  "/a//b/",
  "/a b",
  "/{",
  "/a;",
  "/$x",
  "/a\n",
  "/%2F",
  "/é",
  "/..",
  "/a/../b",
  "/./a",
  "/health",
])("%j is none", (path) => {
  const [fault, ...more] = faults([{ path, to }]);
  expect(fault).toMatch(/^0\.path: should be .+, got "/);
  expect(more).toEqual([]);
});

test.each(["localhost", "shop.example.com", "*.example.com", "1.example"])("%s is a host", (host) => {
  expect(faults([{ host, to }])).toEqual([]);
});

test.each(["", "Shop.example", "a.example:80", "*", "a.*", "a..b", "-a.b", "~a", "a b", "a;", `${"a".repeat(64)}.b`])(
  "%j is none",
  (host) => {
    expect(faults([{ host, to }])).toEqual([expect.stringMatching(/^0\.host: should be a host name .+, got "/)]);
  },
);

test("a route leads to an application, or to the files of a front end", () => {
  expect(faults([{ to: files }])).toEqual([]);
  expect(faults([{}])).toEqual(["0.to: should be an Api, a Container with a port, or a Frontend, got nothing"]);
  const portless: Target = { upstream: { name: "worker", members: [], port: undefined, startFirst: true } };
  expect(faults([{ to: portless }])).toEqual([
    "0.to: should be an Api, a Container with a port, or a Frontend, got { upstream }",
  ]);
});

test("what has to answer before a release gets requests is a path", () => {
  expect(faults([{ to, check: "/api/ready?full=1" }])).toEqual([]);
  expect(faults([{ to, check: "ready" }])).toEqual(['0.check: should be a path, as /ready, got "ready"']);
});

test("a beginning that is stripped ends with a slash", () => {
  expect(faults([{ path: "/api", to, stripPath: true }])).toEqual([
    '0.path: should be a path that ends with "/", because stripPath is true, got "/api"',
  ]);
});

test("no two routes are for the same host and path", () => {
  const host = "a.example";
  expect(faults([{ to }, { to: files }, { host, to }, { host, path: "/", to: files }])).toEqual([
    // The path that is missing is the default.
    "1.path: should be a path that no other route has, got nothing",
    '3.path: should be a path that no other route of its host has, got "/"',
  ]);
  expect(faults([])).toEqual(["arguments: should be one route or more, got []"]);
});

test("networks of trusted proxies", () => {
  expect(trustedProxies().safeParse(["10.0.0.0/8", "192.0.2.1", "fd00::/8", "::1"]).success).toBe(true);
  for (const wrong of ["10.0.0.0/33", "10.0.0.0/", "10.0.0/8", "fe80::1%eth0", "proxy", "1.2.3.4; x", "1.2.3.4/8/8"]) {
    expect(trustedProxies().safeParse([wrong]).success, wrong).toBe(false);
  }
});
