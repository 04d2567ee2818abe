import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import tls from "node:tls";
import { replaceFile } from "./replace-file.ts";

/** Where a build finds the certificates it needs beside its image's own, below the project's folder. */
export const CA_BUNDLE = "node_modules/.cache/stackyard/ca.pem";

/**
 * For networks where TLS is signed anew, as in many companies: what this machine trusts, for a build's secret `ca`, which a
 * Dockerfile may use, and of which nothing stays in the image. It is the bundle that NODE_EXTRA_CA_CERTS or SSL_CERT_FILE names,
 * else the system's own certificates.
 */
export function provideCaBundle(file = CA_BUNDLE): void {
  const named = process.env.NODE_EXTRA_CA_CERTS ?? process.env.SSL_CERT_FILE;
  const bundle =
    named && existsSync(named)
      ? readFileSync(named, "utf8")
      : [...new Set(tls.getCACertificates("system").map((each) => `${each.trim()}\n`))].join("");
  mkdirSync(dirname(file), { recursive: true });
  // Another build may be reading it.
  replaceFile(file, bundle, { mode: 0o644, flush: false });
}
