import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { isIP } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate for a name or an address, signed by itself and valid for a day, with its key, both in PEM format. */
export function madeCertificate(name: string): { certificate: string; key: string } {
  const folder = mkdtempSync(join(tmpdir(), "stackyard-certificate-"));
  try {
    const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
    const how = "-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1".split(" ");
    const alternative = `subjectAltName=${isIP(name) === 0 ? "DNS" : "IP"}:${name}`;
    const of = ["-subj", `/CN=${name}`, "-addext", alternative, "-keyout", key, "-out", certificate];
    execFileSync("openssl", ["req", ...how, ...of], { stdio: "ignore" });
    return { certificate: readFileSync(certificate, "utf8"), key: readFileSync(key, "utf8") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
