import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import tls from "node:tls";
import { replaceFile } from "./replace-file.ts";

/** The file, below the project's folder, with the certificates that a build needs beside those of its image. */
export const CA_BUNDLE = "node_modules/.cache/stackyard/ca.pem";

/**
 * For networks that intercept TLS, as in many companies: the certificates that this machine trusts, as a build's secret `ca`. A
 * Dockerfile can use it, and nothing of it stays in the image. It is the bundle that NODE_EXTRA_CA_CERTS or SSL_CERT_FILE names,
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
