const BROWSER: [header: string, value: string][] = [
  ["X-Content-Type-Options", "nosniff"],
  ["X-Frame-Options", "SAMEORIGIN"],
  ["Content-Security-Policy", "frame-ancestors 'self'"],
  ["Referrer-Policy", "strict-origin-when-cross-origin"],
];

const HSTS = "Strict-Transport-Security";

/** The part of a site that decides. */
interface Asked {
  securityHeaders?: boolean;
  tls?: { hstsSeconds?: number | undefined } | undefined;
}

const added = ({ securityHeaders = true, tls }: Asked): [header: string, value: string][] => [
  ...(securityHeaders ? BROWSER : []),
  ...(tls?.hstsSeconds === undefined ? [] : [[HSTS, `max-age=${tls.hstsSeconds}`] as [string, string]]),
];

const variable = (header: string) => header.toLowerCase().replaceAll("-", "_");

/** At the level of http: a variable for each header, empty where the application has set the header itself. */
export const securityMaps = (site: Asked): string =>
  added(site)
    .map(([header, value]) => {
      const given = `$upstream_http_${variable(header)}`;
      // Over HTTP it must not be said.
      const [source, unsaid] = header === HSTS ? [`$forwarded_proto:${given}`, "https:"] : [given, ""];
      return `    map ${source} $own_${variable(header)} {
        "${unsaid}" "${value}";
        default "";
    }
`;
    })
    .join("");

/** In a server. Nginx leaves out a header that is empty. */
export const securityHeaders = (site: Asked): string =>
  added(site)
    .map(([header]) => `        add_header ${header} $own_${variable(header)} always;\n`)
    .join("");

/** At the level of http: who the client is, and how it asks, where trusted proxies stand in between. */
export const forwardedMaps = (trusted: readonly string[]): string =>
  trusted.length === 0
    ? `    map $scheme $forwarded_proto {
        default $scheme;
    }
`
    : `    geo $realip_remote_addr $is_trusted {
        default 0;
${trusted.map((network) => `        ${network} 1;\n`).join("")}    }
    map $is_trusted:$http_x_forwarded_proto $forwarded_proto {
        1:https https;
        1:http http;
        default $scheme;
    }
    real_ip_header X-Forwarded-For;
    real_ip_recursive on;
${trusted.map((network) => `    set_real_ip_from ${network};\n`).join("")}`;

/** In a location. Host has the port that the client asked, because applications make addresses of it. */
export const proxyHeaders = (webSocket: boolean): string => `            proxy_http_version 1.1;
            proxy_set_header Host $host$is_request_port$request_port;
            proxy_set_header X-Request-Id $id;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Host $host$is_request_port$request_port;
            proxy_set_header X-Forwarded-Proto $forwarded_proto;
            proxy_set_header Upgrade ${webSocket ? "$http_upgrade" : '""'};
            proxy_set_header Connection ${webSocket ? "$connection_upgrade" : '""'};
            proxy_hide_header X-Request-Id;
`;
