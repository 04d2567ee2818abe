import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, test } from "vitest";
import { Container, ReverseProxy, type ReverseProxyArgs } from "../../../components/index.ts";
import { madeCertificate } from "../helpers/certificate.ts";
import { deploy, type Options, refusedBy, volumeOf } from "../helpers/stack.ts";

// What Nginx makes of the configuration is in tests/e2e.

let shop: { certificate: string; key: string };
let other: typeof shop;
beforeAll(() => {
  [shop, other] = [madeCertificate("shop.example"), madeCertificate("other.example")];
});

const proxy = (args: Partial<ReverseProxyArgs> = {}, options: Options = {}) =>
  deploy((platform) => {
    const to = new Container("app", {
      platform,
      image: "app:1",
      ports: { http: { port: 3000 } },
      probe: "none",
      user: "1000:1000",
    });
    return new ReverseProxy("proxy", { platform, routes: [{ to }], ...args });
  }, options);

const refused = async (args: Partial<ReverseProxyArgs>) => (await refusedBy(() => proxy(args))).join();

describe("a certificate", () => {
  const HTTPS = { hostPort: 8080, httpsHostPort: 8443 };

  test("is brought into the running container by a gate, after the site", async () => {
    const stack = await proxy({ ...HTTPS, tls: shop });
    expect(stack.get("Container proxy").inputs.ports).toEqual([
      { internal: 8080, external: 8080, ip: "127.0.0.1", protocol: "tcp" },
      { internal: 8443, external: 8443, ip: "127.0.0.1", protocol: "tcp" },
    ]);
    expect(stack.waitsFor("Stash proxy-certificate", "Stash proxy-site")).toBe(true);
    await stack.run("proxy-certificate");
    const files = [
      { name: "certificate.pem", content: shop.certificate, mode: 0o600, uid: 101, gid: 101 },
      { name: "key.pem", content: shop.key, mode: 0o600, uid: 101, gid: 101 },
    ];
    expect(stack.engine.acts).toEqual([["putFiles", "id-of-proxy", "/proxy", files]]);
    const [[, , command] = []] = stack.engine.calls.filter(([method]) => method === "execute");
    expect(command).toEqual(expect.arrayContaining(["take", "tls/key.pem", "key.pem"]));
    expect(JSON.stringify(command)).toContain("return 308 https://$host:8443$request_uri;");
  });

  test("is in no resource, which another one replaces: the gate alone, and not the container", async () => {
    const [first, second] = [await proxy({ tls: shop }), await proxy({ tls: other })];
    expect(JSON.stringify(first.resources)).not.toContain(shop.key.split("\n")[1]);
    expect(first.resources.flatMap(({ secretInputs }) => secretInputs)).toEqual([]);
    const differing = first.keys
      .filter((key) => key !== "Stash identity")
      .filter((key) => JSON.stringify(first.get(key).inputs) !== JSON.stringify(second.get(key).inputs));
    expect(differing).toEqual(["Stash proxy-certificate"]);
    const keyOf = (stack: typeof first) => stack.get("Stash proxy-certificate").inputs;
    expect(keyOf(first)).toEqual(keyOf(await proxy({ tls: { ...shop } })));
    // The same key has a new certificate at most renewals.
    const renewed = await proxy({ tls: { ...shop, certificate: shop.certificate + other.certificate } });
    expect(renewed.get("Stash proxy-certificate").inputs).not.toEqual(keyOf(first));
  });

  test("can be an output that nobody knows yet, which is judged once it is known", async () => {
    const made = (key: string) =>
      deploy((platform) => {
        const { id } = new pulumi.Stash("made", { input: 1 });
        const tls = { certificate: shop.certificate, key: id.apply(() => key) };
        const to = new Container("app", {
          platform,
          image: "app:1",
          ports: { http: { port: 3000 } },
          probe: "none",
          user: "1000:1000",
        });
        new ReverseProxy("proxy", { platform, routes: [{ to }], tls });
      });
    const stack = await made(other.key);
    await expect(stack.run("proxy-certificate")).rejects.toThrow(
      "tls.key: should be the key of the first certificate (CN=shop.example), got another one",
    );
    expect(stack.engine.acts).toEqual([]);
    await expect((await made(shop.key)).run("proxy-certificate")).resolves.toBeUndefined();
  });

  test.each<[string, () => ReverseProxyArgs["tls"], string]>([
    [
      "another key",
      () => ({ ...shop, key: other.key }),
      "tls.key: should be the key of the first certificate (CN=shop.example), got another one",
    ],
    [
      "another key in an output",
      () => ({ certificate: shop.certificate, key: pulumi.secret(other.key) }),
      "tls.key: should be the key of the first certificate (CN=shop.example), got another one",
    ],
    [
      "a chain that begins with another one",
      () => ({ ...shop, certificate: other.certificate + shop.certificate }),
      "tls.key: should be the key of the first certificate (CN=other.example), got another one",
    ],
    [
      "no certificate",
      () => ({ ...shop, certificate: "cert" }),
      "tls.certificate: should be certificates in PEM format, got something else",
    ],
    [
      "no key",
      () => ({ ...shop, key: shop.certificate }),
      "tls.key: should be a private key in PEM format, without a passphrase, got something else",
    ],
    ["no number", () => ({ ...shop, hstsSeconds: -1 }), "tls.hstsSeconds: should be a whole number, 0 to 2147483647"],
  ])("with %s is refused before anything is registered", async (_, tls, fault) => {
    const message = await refused({ tls: tls() as NonNullable<ReverseProxyArgs["tls"]> });
    expect(message).toMatch(/^ReverseProxy "proxy" has bad arguments\n/);
    expect(message).toContain(fault);
    expect(message).not.toContain("BEGIN");
  });

  test("is there where its port is", async () => {
    expect(await refused({ httpsHostPort: 8443 })).toContain(
      "httpsHostPort: There is no `tls`: set it, or leave this out.",
    );
    expect((await proxy()).keys).not.toContain("Stash proxy-certificate");
  });
});

describe("a certificate by ACME", () => {
  const acme = { email: "admin@example.com", domains: ["shop.example", "www.shop.example"] };

  test("is got by a client that alone reaches out, and is used once it is there", async () => {
    const stack = await proxy({ hostPort: 80, httpsHostPort: 443, tls: { acme } });
    const { inputs } = stack.get("Container proxy-acme");
    expect(inputs).toMatchObject({ user: "101:101", readOnly: true, envs: [] });
    expect(inputs.command).toEqual([
      ..."--accept-tos --path /certificates --server https://acme-v02.api.letsencrypt.org/directory".split(" "),
      ..."--email admin@example.com --http --http.port :5002".split(" "),
      ..."--domains shop.example --domains www.shop.example".split(" "),
    ]);
    expect(stack.get("Network proxy-acme-outside").inputs.options).toMatchObject({
      "com.docker.network.bridge.enable_ip_masquerade": "true",
    });
    expect(stack.get("Network proxy-outside").inputs.options).toMatchObject({
      "com.docker.network.bridge.enable_ip_masquerade": "false",
    });
    // The server asks through the proxy, which has to be there.
    expect(stack.waitsFor("Container proxy-acme", "Stash proxy-site")).toBe(true);
    expect(stack.waitsFor("Stash proxy-certificate", "Stash proxy-acme-ready")).toBe(true);
    await stack.run("proxy-certificate");
    const [[, , command] = []] = stack.engine.calls.filter(([method]) => method === "execute");
    expect(JSON.stringify(command)).toContain("ssl_certificate_key /certificates/served.pem;");
    expect(stack.engine.acts).toEqual([]);
  });

  test("is on a volume that only the client can write to", async () => {
    const stack = await proxy({ tls: { acme } });
    const at = (name: string) =>
      (stack.get(`Container ${name}`).inputs.volumes as { containerPath: string; readOnly?: boolean }[]).find(
        ({ containerPath }) => containerPath === "/certificates",
      );
    const volumeName = volumeOf("proxy-certificates");
    expect(at("proxy")).toEqual({ containerPath: "/certificates", volumeName, readOnly: true });
    expect(at("proxy-acme")).toEqual({ containerPath: "/certificates", volumeName });
  });

  test.each<[object, string]>([
    [{ email: "admin" }, 'tls.acme.email: should be an e-mail address, got "admin"'],
    [{ domains: [] }, "tls.acme.domains: should be one domain or more, got []"],
    [{ domains: ["*.shop.example"] }, "tls.acme.domains.0: should be a host name without *"],
    [{ server: "http://x" }, "tls.acme.server: should be an address, as https://acme.example.com/directory"],
    [{ caFile: "/missing" }, "tls.acme.caFile: should be a file that is there"],
    [{ key: "x" }, "tls.acme.key: should not be there"],
  ])("%j is refused", async (change, fault) => {
    expect(await refused({ tls: { acme: { ...acme, ...change } } })).toContain(fault);
  });
});
