export interface Tls {
  /** In the container: the certificate with its chain, in PEM format. */
  certificate: string;
  /** In the container. */
  key: string;
  /** For how long browsers use HTTPS alone, in seconds. @default - not said */
  hstsSeconds?: number;
  /** Whether HTTP is answered with a redirect, but for `/health`. */
  redirect: boolean;
  /** Port of HTTPS that clients see. @default 443 */
  port?: number;
}

// The redirect is within the server's rewrite phase, so that it comes before every location but spares the one of /health.
export const certificate = ({ certificate, key, redirect, port = 443 }: Tls) => `        http2 on;
        ssl_certificate ${certificate};
        ssl_certificate_key ${key};
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_session_cache shared:tls:2m;
        ssl_session_timeout 1d;
        ssl_session_tickets off;
${
  redirect
    ? `        if ($to_https) {
            return 308 https://$host${port === 443 ? "" : `:${port}`}$request_uri;
        }
`
    : ""
}`;
