import { readFileSync } from "node:fs";
import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Dependency } from "../../core/dependency.ts";
import { type ImageFacts, imageOn } from "../../core/image.ts";
import type { Handle } from "../../core/member.ts";
import type { Platform } from "../../core/platform.ts";
import { Service } from "../../core/service.ts";
import { file, matching, seconds } from "../../core/support/args.ts";
import { HOST } from "./routes.ts";

const LEGO: ImageFacts = { registry: "goacme/lego:v4.25.2", packages: "lego" };
const SCRIPT = readFileSync(new URL("acme.sh", import.meta.url), "utf8");

/** Where the client listens for the server's questions, while it asks for a certificate. */
export const CHALLENGE_PORT = 5002;
/** Where the volume with what it has got is, in its container and in the proxy's. */
export const CERTIFICATES = "/certificates";
/** The certificate and its key, in one file, so that they are replaced together. */
export const SERVED = `${CERTIFICATES}/served.pem`;

/** A certificate from a server that speaks ACME, as Let's Encrypt does. */
export const acme = () =>
  z.strictObject({
    /** Where the server writes when a certificate is about to expire. */
    email: matching(/^[^\s@]+@[^\s@]+$/, "an e-mail address"),
    /** Hosts that the certificate is for: `["shop.example.com"]`. Each leads to the proxy's port 80, as the server sees it. */
    domains: z
      .array(matching(HOST, "a host name in small letters without port").refine((each) => !each.startsWith("*"), RULE))
      .min(1, "one domain or more"),
    /** Its directory. @default - Let's Encrypt's */
    server: matching(/^https:\/\/\S+$/, "an address, as https://acme.example.com/directory").default(
      "https://acme-v02.api.letsencrypt.org/directory",
    ),
    /** Certificates by which it is known, where those of the client's image do not do; in PEM format. @default - the image's */
    caFile: file().optional(),
    /** How often it is looked whether the certificate has to be renewed, and tried again after a failure, in seconds. @default 3600 */
    checkSeconds: seconds().default(3600),
  });

const RULE = "a host name without *, which this way of proof does not give certificates for";

/** Keeps a client that gets a certificate, and renews it when a third of its time is left (half, where that is under ten days). */
export function acmeClient(
  name: string,
  parent: pulumi.Resource,
  of: { platform: Platform; proxy: Dependency; volume: Handle; user: string; acme: z.output<ReturnType<typeof acme>> },
): Service {
  const { platform, proxy, volume, user } = of;
  const { email, domains, server, caFile, checkSeconds } = of.acme;
  const lego = ["--accept-tos", "--path", CERTIFICATES, "--server", server, "--email", email];
  const [first = ""] = domains;
  return new Service(name, parent, {
    platform,
    subject: `ACME client "${name}"`,
    image: () => imageOn(platform, LEGO),
    entrypoint: ["sh", "-c", SCRIPT, "sh", String(checkSeconds), first],
    command: [
      ...lego,
      "--http",
      "--http.port",
      `:${CHALLENGE_PORT}`,
      ...domains.flatMap((each) => ["--domains", each]),
    ],
    ...(caFile === undefined
      ? {}
      : {
          secrets: { "ca.pem": readFileSync(caFile, "utf8") },
          env: { LEGO_CA_CERTIFICATES: "/run/secrets/ca.pem" },
        }),
    volumes: [{ label: "certificates", shared: volume, path: CERTIFICATES, readOnly: false, owner: user }],
    uses: { proxy },
    user,
    // The last failure is what `ps` and `doctor` show.
    probe: {
      test: ["CMD", "sh", "-c", `cd ${CERTIFICATES} && cat failed 2>/dev/null && exit 1; test -e served.pem`],
      retries: 1,
    },
    memoryMiB: 128,
    readyTimeoutSeconds: 120,
    stopGraceSeconds: 5,
    egress: true,
  });
}
