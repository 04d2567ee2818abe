import { expect, test } from "vitest";
import { filesFile, placeholderFiles, versionsIn } from "../../../../components/app/proxy/files.ts";
import { generationFile, type Site, siteFile } from "../../../../components/app/proxy/site.ts";
import { tlsFile } from "../../../../components/app/proxy/tls.ts";
import { placeholderRoute, routeFile, serversIn } from "../../../../components/app/proxy/upstream.ts";
import { type Named, routesOf } from "../../helpers/routes.ts";

// That Nginx takes these texts, and what it does then, is in tests/e2e/nginx.test.ts.

const text = (given: Named[], site: Omit<Site, "routes"> = {}) => siteFile({ ...site, routes: routesOf(given) });

/** The blocks of this kind, by their first line. */
const blocks = (of: string, kind: string) =>
  [...of.matchAll(new RegExp(`^( *)(${kind} [^{\\n]*)\\{\\n([\\s\\S]*?)^\\1\\}`, "gm"))].map(
    ([, , head = "", body = ""]) => ({
      head: head.trim(),
      body,
    }),
  );
const publicServers = (of: string) => [...of.split(/^ {4}server \{$/m)].slice(1, -1);
const paths = (server = "") =>
  blocks(server, "location")
    .map(({ head }) => head.replace("location ", ""))
    .filter((path) => path.startsWith("/"));

test("routes without a host are for every host, whose own come before them", () => {
  const [others, shop, ...more] = publicServers(
    text([{ path: "/api/", upstream: "a" }, { upstream: "b" }, { host: "shop.example", path: "/api/", upstream: "c" }]),
  );
  expect(more).toEqual([]);
  expect(others).toContain("listen 8080 default_server;");
  expect(paths(others)).toEqual(["/api/", "/"]);
  expect(others).not.toContain("proxy_pass http://c;");
  expect(shop).toContain("server_name shop.example;");
  expect(paths(shop)).toEqual(["/api/", "/"]);
  expect(shop).toContain("proxy_pass http://c;");
  expect(shop).not.toContain("proxy_pass http://a;");
});

test("an unknown host gets 404 or nothing", () => {
  const given = [{ host: "a.example", path: "/x/", upstream: "a" }];
  const [others, own] = publicServers(text(given, { unknownHosts: 444 }));
  expect(others).toContain("return 444;");
  expect(own).toContain("return 404;");
  expect(publicServers(text(given))[0]).toContain("return 404;");
});

test("only a route with web sockets passes an upgrade on", () => {
  const made = (webSocket: boolean) => publicServers(text([{ upstream: "a", webSocket }]))[0];
  expect(made(true)).toContain("proxy_set_header Upgrade $http_upgrade;");
  expect(made(false)).toContain('proxy_set_header Upgrade "";');
});

test("the client's address is taken from trusted proxies alone", () => {
  expect(text([{ upstream: "a" }])).not.toMatch(/real_ip|is_trusted/);
  const trusted = text([{ upstream: "a" }], { trustedProxies: ["10.0.0.0/8"] });
  expect(trusted).toContain("set_real_ip_from 10.0.0.0/8;");
  expect(trusted).toContain("        10.0.0.0/8 1;");
});

test("HTTPS is spoken where there is a certificate, and HTTP leads there by choice", () => {
  expect(text([{ upstream: "a" }])).not.toContain("tls/");
  const both = text([{ host: "a.example", upstream: "a" }], { tls: {} });
  expect(publicServers(both).map((each) => each.includes("include tls/server.conf;"))).toEqual([true, true]);
  expect(both).not.toContain("Strict-Transport");
  expect(text([{ upstream: "a" }], { tls: { hstsSeconds: 60 } })).toContain('"https:" "max-age=60";');
  expect(tlsFile({ redirect: false })).toMatch(/^listen 8443 ssl;\n/);
  expect(tlsFile({ redirect: false })).not.toContain("return 308");
  expect(tlsFile({ redirect: true })).toContain("return 308 https://$host$request_uri;");
  expect(tlsFile({ redirect: true, port: 8444 })).toContain("return 308 https://$host:8444$request_uri;");
});

test("what a certificate's server asks by HTTP is passed on, in maintenance and before a redirect too", () => {
  expect(text([{ upstream: "a" }], { tls: {} })).not.toContain("acme-challenge/ {");
  const made = text([{ upstream: "a" }], { tls: { challenged: "proxy-acme:5002" }, maintenance: true });
  expect(paths(publicServers(made)[0])).toEqual(["/"]);
  expect(made).toContain("location ^~ /.well-known/acme-challenge/ {\n            set $challenged proxy-acme:5002;");
  expect(made).toContain('"~^http:/.well-known/acme-challenge/" "";');
});

test("maintenance leaves no route, and its text cannot become anything else", () => {
  const [server = ""] = publicServers(text([{ path: "/api/", upstream: "a" }], { maintenance: 'a "b" $c \\ <d>' }));
  expect(paths(server)).toEqual(["/"]);
  expect(server).toContain("return 503;");
  expect(server).toContain("a &#34;b&#34; &#36;c \\\\ &#60;d&#62;");
  expect(server).toContain(String.raw`a \\\"b\\\" \\u0024c \\\\ <d>`);
});

test("snippets are as they were", () => {
  const made = text([{ upstream: "a", snippet: "x 'a\n  b';" }], { snippet: "y;\n z;" });
  expect(made).toContain("\nx 'a\n  b';\n");
  expect(made).toContain("\ny;\n z;\n");
});

test("switches", () => {
  const off = text([{ upstream: "a" }], { gzip: false, securityHeaders: false, keepaliveSeconds: 5, drainSeconds: 3 });
  expect(off).not.toMatch(/gzip|nosniff|X-Frame/);
  expect(off).toMatch(/worker_shutdown_timeout 3s;[\s\S]+keepalive_timeout 5s;[\s\S]+keepalive_min_timeout 3s;/);
});

test("an upstream's next servers are looked up, and used by nothing but their candidate", () => {
  const made = routeFile("api", { servers: ["a:1", "b:1"], next: ["b:1", "c:1"], candidates: ["c:1"] });
  const [api, candidate] = blocks(made, "upstream");
  expect(api?.body.match(/server .*/g)).toEqual([
    "server a:1 resolve max_fails=1 fail_timeout=2s;",
    "server b:1 resolve max_fails=1 fail_timeout=2s;",
    "server c:1 resolve down max_fails=1 fail_timeout=2s;",
  ]);
  expect(candidate?.head).toBe("upstream api_candidate");
  expect(candidate?.body.match(/server .*/g)).toEqual(["server c:1 resolve max_fails=0;"]);
  expect(placeholderRoute("api")).toContain("server 127.0.0.1:9 down;");
});

test("what would be something else in a file is refused", () => {
  expect(() => routeFile("api", { servers: ["a;b:1"] })).toThrow(
    '"a;b:1": a server of an upstream should be ADDRESS:PORT',
  );
  expect(() => routeFile("a b", { servers: [] })).toThrow('"a b": an upstream should have a name');
  expect(() => filesFile("web", { current: "../v1" })).toThrow('"../v1": a folder should have a name');
  expect(generationFile('a";}')).toBe('return 200 "a";\n');
});

test("a front end's new version comes before the one before", () => {
  expect(filesFile("web", { current: "v2", previous: "v1" })).toContain(
    "try_files /v2$uri /v1$uri /v2/$files_fallback =404;",
  );
  expect(filesFile("web", { current: "v2" })).toContain("try_files /v2$uri /v2/$files_fallback =404;");
});

test("the servers that are used are found again in a file", () => {
  const servers = ["0a1b2c3d4e5f:3000", "1a1b2c3d4e5f:3000"];
  expect(serversIn(routeFile("backend", { servers }))).toEqual(servers);
  expect(serversIn(routeFile("backend", { servers: ["a:1"], next: servers, candidates: servers }))).toEqual(["a:1"]);
  expect(serversIn(placeholderRoute("backend"))).toEqual([]);
  expect(serversIn(routeFile("backend", { servers: [], next: servers, candidates: servers }))).toEqual([]);
});

test.each([{ current: "v2", previous: "v1" }, { current: "v1" }])(
  "versions are found again in a file: %j",
  (versions) => {
    expect(versionsIn(filesFile("web", versions))).toEqual(versions);
  },
);

test("there are none in the file before the first version", () => {
  expect(versionsIn(placeholderFiles)).toBeUndefined();
});
