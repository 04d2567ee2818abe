import { filesMaps } from "./files.ts";
import { forwardedMaps, proxyHeaders, securityHeaders, securityMaps } from "./headers.ts";
import { AWAY, MAINTENANCE, pageLocations, pageMaps } from "./pages.ts";
import { HEALTH, type Route } from "./routes.ts";
import { CANDIDATE } from "./upstream.ts";

/** Everything that a proxy's nginx.conf says. All of it but `snippet` has been checked. */
export interface Site {
  /** Those without a host are for every host, and are all that an unknown one gets. A host's own come before them. */
  routes: readonly Route[];
  /** Beside nginx.conf has to be `tls/server.conf` then. @default - only HTTP */
  tls?:
    | {
        /** For how long browsers use HTTPS alone, in seconds. @default - not said */
        hstsSeconds?: number | undefined;
        /** `name:port` of the client that answers what a certificate's server asks by HTTP. @default - none */
        challenged?: string | undefined;
      }
    | undefined;
  /**
   * How long requests in flight and web sockets are served on after a reload, in seconds. For as long, a client's idle connection
   * can bring one more request to the servers of before: they have to answer until then. @default 10
   */
  drainSeconds?: number;
  /** How long a client's idle connection is kept, in seconds. @default 65 */
  keepaliveSeconds?: number;
  /** Whether texts of a KiB or more are compressed. @default true */
  gzip?: boolean;
  /**
   * Whether answers say what browsers should not do: guess types (`X-Content-Type-Options`), show pages in those of others
   * (`X-Frame-Options`, `Content-Security-Policy`), tell others full addresses (`Referrer-Policy`). An application's own header of
   * the same name is sent instead. @default true
   */
  securityHeaders?: boolean;
  /** Networks of proxies in front of this one, whose X-Forwarded-For and X-Forwarded-Proto count. @default [] */
  trustedProxies?: readonly string[];
  /** Whether everything but `/health` is answered with 503 and a page; or the page's text. @default false */
  maintenance?: boolean | string;
  /** What a host gets that no route is for: an answer, or a closed connection (444). @default 404 */
  unknownHosts?: 404 | 444;
  /** Processes that serve. Not one per CPU, of which a container sees all of the machine's. @default 2 */
  workers?: number;
  /** Directives of Nginx for each public server, as they are. @default - none */
  snippet?: string | undefined;
}

/** Port in the container. */
export const HTTP_PORT = 8080;
/** Only on 127.0.0.1 of the container: `/generation`, and candidates by the header `X-Candidate`. */
export const INTERNAL_PORT = 8081;

/**
 * The text of nginx.conf. Beside it have to be `routes/NAME.conf` for each upstream, `files/NAME.conf` for each front end, and
 * `generation.conf`. It needs Nginx 1.29.3.
 */
export function siteFile(site: Site): string {
  const { drainSeconds = 10, keepaliveSeconds = 65, gzip = true, workers = 2 } = site;
  return `# Written by Stackyard: edits are lost.
pid /tmp/nginx.pid;
worker_processes ${workers};
worker_shutdown_timeout ${drainSeconds}s;
error_log /dev/stderr warn;

events {
    worker_connections 4096;
}

http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    client_body_temp_path /tmp/nginx-body;
    proxy_temp_path /tmp/nginx-proxy;
    fastcgi_temp_path /tmp/nginx-fastcgi;
    uwsgi_temp_path /tmp/nginx-uwsgi;
    scgi_temp_path /tmp/nginx-scgi;
    server_tokens off;
    sendfile on;
    tcp_nopush on;
    absolute_redirect off;
    server_names_hash_bucket_size 512;

    # The engine's own. Names are asked again as often as this, so an application that gets another address is found by itself.
    resolver 127.0.0.11 valid=1s ipv6=off;
    # The engine hands on the name of a container that is stopped: where nobody answers that, Nginx waits as long, and so again
    # before it asks anew.
    resolver_timeout 1s;

    keepalive_timeout ${keepaliveSeconds}s;
    # After a reload, clients may use an idle connection once more: closed at once, it would be reset under some requests.
    keepalive_min_timeout ${Math.min(keepaliveSeconds, drainSeconds)}s;
${gzip ? GZIP : ""}
    # A client's own id, where it is harmless in logs.
    map $http_x_request_id $id {
        "~^[A-Za-z0-9._:-]{8,128}$" $http_x_request_id;
        default $request_id;
    }
    # Without the query, which may hold secrets.
    map $request_uri $request_path {
        "~^(?<before_query>[^?]*)" $before_query;
    }
    map $http_upgrade $connection_upgrade {
        default upgrade;
        "" "";
    }
    map $http_x_candidate $candidate {
        "~^[a-z][a-z0-9-]*${CANDIDATE}$" $http_x_candidate;
    }
    map $status $status_number {
        "~^[1-9]" $status;
        default 0;
    }
${pageMaps}
${filesMaps}
${forwardedMaps(site.trustedProxies ?? [])}${securityMaps(site)}    map $forwarded_proto:$request_path $to_https {
        "~^https:" "";
        "http:${HEALTH}" "";
        "~^http:${CHALLENGE}" "";
        default 1;
    }

    log_format access escape=json '{"time":"$time_iso8601","id":"$id","client":"$remote_addr","method":"$request_method",'
        '"host":"$host","path":"$request_path","status":$status_number,"bytes":$bytes_sent,"seconds":$request_time,'
        '"upstream":"$upstream_addr","upstreamStatus":"$upstream_status","upstreamSeconds":"$upstream_response_time",'
        '"agent":"$http_user_agent"}';
    access_log /dev/stdout access;

    include routes/*.conf;

${servers(site).join("\n")}
    server {
        listen 127.0.0.1:${INTERNAL_PORT};
        access_log off;
        location = /generation {
            default_type text/plain;
            include generation.conf;
        }
        location / {
            if ($candidate = "") {
                return 404;
            }
            proxy_pass http://$candidate;
            add_header X-Server $upstream_addr always;
${proxyHeaders(false)}        }
    }
}
`;
}

/** The file by which a running Nginx says which generation it is of. */
export const generationFile = (name: string): string => `return 200 "${name.replace(/[^\w.-]/g, "")}";\n`;

const GZIP = `
    gzip on;
    gzip_comp_level 5;
    gzip_min_length 1024;
    gzip_proxied any;
    gzip_vary on;
    gzip_types text/plain text/css text/javascript application/javascript application/json application/manifest+json
        application/xml image/svg+xml application/wasm;
`;

/** One server for each host, and one for all others. */
function servers(site: Site): string[] {
  const { routes, tls, unknownHosts = 404 } = site;
  const forAll = routes.filter(({ host }) => host === undefined);
  const hosts = [...new Set(routes.flatMap(({ host }) => host ?? []))];
  const served = [undefined, ...hosts].map((host) => {
    const own = routes.filter((route) => route.host === host);
    const paths = new Set(own.map(({ path }) => path));
    return { host, routes: host === undefined ? forAll : [...own, ...forAll.filter(({ path }) => !paths.has(path))] };
  });
  return served.map(({ host, routes }) => {
    // For HTTPS the first server is the default one too: no other is before it.
    return `    server {
        listen ${HTTP_PORT}${host === undefined ? " default_server" : ""};
${host === undefined ? "" : `        server_name ${host};\n`}${tls === undefined ? "" : "        include tls/server.conf;\n"}        add_header_inherit merge;
        add_header X-Request-Id $id always;
${securityHeaders(site)}${pageLocations(pageOf(site)).replace(/^(?=.)/gm, "    ")}
        location = ${HEALTH} {
            access_log off;
            default_type text/plain;
            return 200 "ok\\n";
        }
${challenge(tls?.challenged)}${locations(site, routes, unknownHosts)}${site.snippet === undefined ? "" : `${site.snippet}\n`}    }
`;
  });
}

/** Where a server looks whether a host is that of whoever asks for its certificate. */
const CHALLENGE = "/.well-known/acme-challenge/";

const challenge = (client: string | undefined) =>
  client === undefined
    ? ""
    : `        location ^~ ${CHALLENGE} {
            set $challenged ${client};
            proxy_pass http://$challenged;
            proxy_set_header Host $host;
        }
`;

const pageOf = ({ maintenance }: Site) =>
  typeof maintenance === "string" ? { ...MAINTENANCE, text: maintenance } : maintenance === true ? MAINTENANCE : AWAY;

function locations({ maintenance = false }: Site, routes: readonly Route[], unknownHosts: number): string {
  if (maintenance !== false) return returning(503);
  const rest = routes.some(({ path }) => path === "/") ? "" : returning(routes.length > 0 ? 404 : unknownHosts);
  return routes.map(location).join("") + rest;
}

const returning = (code: number) => `        location / {
            return ${code};
        }
`;

function location(route: Route): string {
  const { path, upstream, files, stripPath, webSocket, snippet } = route;
  const body = upstream === undefined ? filesOf(path, files as string, stripPath) : proxied(route, upstream, webSocket);
  return `        location ${path} {
            client_max_body_size ${route.bodyMiB}m;
${body}${snippet === undefined ? "" : `${snippet}\n`}        }
`;
}

const filesOf = (path: string, name: string, stripPath: boolean) =>
  `${stripPath && path !== "/" ? `            rewrite ^${path.replaceAll(".", "\\.")}(.*)$ /$1 break;\n` : ""}            include files/${name}.conf;\n`;

// Nginx asks the next server only for what it could not send, and again for methods that may be repeated (not POST or PATCH).
const proxied = (
  { connectTimeoutSeconds: connect, readTimeoutSeconds: read, stripPath }: Route,
  upstream: string,
  webSocket: boolean,
) =>
  `            proxy_pass http://${upstream}${stripPath ? "/" : ""};
            proxy_connect_timeout ${connect}s;
            proxy_read_timeout ${read}s;
            proxy_send_timeout ${read}s;
            proxy_next_upstream error timeout;
            proxy_next_upstream_timeout ${3 * connect}s;
${proxyHeaders(webSocket)}`;
