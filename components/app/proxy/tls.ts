import { z } from "zod";
import { byShape, count, secretText } from "../../core/support/args.ts";
import { acme } from "./acme.ts";

/** How HTTPS is spoken, whatever the certificate. */
const common = () => ({
  /** Whether HTTP is answered with a redirect to HTTPS, but for `/health`. @default true */
  redirect: z.boolean("true or false").default(true),
  /**
   * For how long browsers that have been there use HTTPS alone, in seconds (Strict-Transport-Security). They cannot be told
   * otherwise by HTTP. @default - not said
   */
  hstsSeconds: count(0, 2_147_483_647).optional(),
});

const Given = z.strictObject({
  /** The server's own certificate, then those that lead to a root that clients know; in PEM format. */
  certificate: secretText(),
  /** The private key of the server's own certificate, without a passphrase; in PEM format. */
  key: secretText(),
  ...common(),
});
const Obtained = z.strictObject({
  /** Where the certificate comes from, instead of `certificate` and `key`. */
  acme: acme(),
  ...common(),
});

/** HTTPS, beside HTTP: by a certificate that is given, or by one that is got by ACME. */
export const tls = () =>
  byShape<z.input<typeof Given> | z.input<typeof Obtained>, z.output<typeof Given> | z.output<typeof Obtained>>(
    (given) => (typeof given === "object" && given !== null && "acme" in given ? Obtained : Given),
    "a set of options",
  );

/** Where the files are, beside nginx.conf. */
export const TLS_FILE = "tls/server.conf";
export const CERTIFICATE = "tls/certificate.pem";
export const KEY = "tls/key.pem";

/** Port of HTTPS in the container. */
export const HTTPS_PORT = 8443;

export interface Secured {
  /** Whether HTTP is answered with a redirect, but for `/health`. */
  redirect: boolean;
  /** Port of HTTPS that clients see. @default 443 */
  port?: number | undefined;
  /** One file with the certificate and its key, in the container. @default - a file for each, beside nginx.conf */
  file?: string;
}

/**
 * What makes each server speak HTTPS: `tls/server.conf`. The redirect is within the server's rewrite phase, so that it comes before
 * every location but spares the one of /health.
 */
export const tlsFile = ({ redirect, port = 443, file }: Secured): string => `listen ${HTTPS_PORT} ssl;
http2 on;
ssl_certificate ${file ?? CERTIFICATE};
ssl_certificate_key ${file ?? KEY};
ssl_protocols TLSv1.2 TLSv1.3;
ssl_session_cache shared:tls:2m;
ssl_session_timeout 1d;
ssl_session_tickets off;
${
  redirect
    ? `if ($to_https) {
    return 308 https://$host${port === 443 ? "" : `:${port}`}$request_uri;
}
`
    : ""
}`;

/** The file before there is a certificate: only HTTP is spoken. */
export const placeholderTls = "# No certificate yet.\n";
