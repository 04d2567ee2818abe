import { isIP } from "node:net";
import { z } from "zod";
import { count, matching, seconds } from "../../core/support/args.ts";
import { isTarget, type Target } from "./target.ts";

const LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
export const HOST = new RegExp(`^(?=.{1,253}$)(\\*\\.)?${LABEL}(\\.${LABEL})*$`);
const flag = () => z.boolean("true or false");

/** What the proxy does with requests for one path. */
const route = () =>
  z
    .strictObject({
      /** Host that it is for: `shop.example.com`, or `*.example.com` for all below. @default - every host */
      host: matching(HOST, 'a host name in small letters without port, or "*." and one').optional(),
      /**
       * Where its paths begin; the longest that matches wins. `/api/` is all below it, and `/api` itself is redirected to it. Without
       * the slash at its end, `/api` is `/api` and all that begins like it: `/api/items`, but `/apiary` too. @default "/"
       */
      path: matching(/^\/([\w.~-]+\/?)*$/, 'a path of letters, digits, "-", ".", "_", "~" and single "/", a "/" first')
        .refine((path) => !/(^|\/)\.{1,2}(\/|$)/.test(path), 'a path without "." and ".." as a part')
        .refine((path) => path !== HEALTH, `another path than ${HEALTH}, which the proxy itself answers`)
        .default("/"),
      /** The application that answers, or the front end whose files are served: an Api, a Container, a Frontend. */
      to: z.custom<Target>(isTarget, "an Api, a Container with a port, or a Frontend"),
      /**
       * A path of the application that has to answer with a status of 200 to 399, through the proxy, before a release gets requests: a
       * smoke test. @default - any answer to `path` will do
       */
      check: matching(/^\/\S*$/, "a path, as /ready").optional(),
      /** Whether the application is asked for web sockets. A silent one is closed after `readTimeoutSeconds`. @default false */
      webSocket: flag().default(false),
      /**
       * Whether the application, or the front end, sees paths without `path`: `/items` for `/api/items`. What is encoded in a path
       * (`%2F`) reaches the application decoded then. @default false
       */
      stripPath: flag().default(false),
      /** How long one server may take to accept a connection; then the next is asked. In seconds. @default 5 */
      connectTimeoutSeconds: seconds().default(5),
      /** How long the application may be silent before the answer is 504. In seconds. @default 60 */
      readTimeoutSeconds: seconds().default(60),
      /** Most that a request's body can hold, in MiB; a larger one is answered with 413. @default 1 */
      bodyMiB: count(1, 1_048_576).default(1),
      /** Directives of Nginx for the location, as they are; `nginx -t` judges them. @default - none */
      snippet: z.string("directives of Nginx").optional(),
    })
    .refine(({ stripPath, path }) => !stripPath || path.endsWith("/"), {
      error: 'a path that ends with "/", because stripPath is true',
      path: ["path"],
    });

/** Checked, with its defaults, and with the name of what it leads to. */
export type Route = Omit<z.output<ReturnType<typeof route>>, "to" | "check"> & { upstream?: string; files?: string };

/** Routes, no two of them for the same host and path. */
export const routes = () =>
  z
    .array(route(), "a list of routes")
    .min(1, "one route or more")
    .superRefine((all, { addIssue }) => {
      const seen = new Set<string>();
      all.forEach(({ host = "", path }, index) => {
        const error = host === "" ? "a path that no other route has" : "a path that no other route of its host has";
        const key = `${host} ${path}`;
        if (seen.has(key)) addIssue({ code: "custom", message: error, path: [index, "path"], input: path });
        seen.add(key);
      });
    });

/** Networks of proxies in front of this one, whose word about the client counts: `10.0.0.0/8`, or single addresses. */
export const trustedProxies = () =>
  z.array(
    z.string(NETWORK_RULE).refine((text) => {
      const [address = "", bits, ...rest] = text.split("/");
      const most = { 4: 32, 6: 128 }[isIP(address)];
      if (most === undefined || address.includes("%") || rest.length > 0) return false;
      return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
    }, NETWORK_RULE),
    "a list of networks",
  );

const NETWORK_RULE = "an IP address, or a network like 10.0.0.0/8";

/** What the proxy itself answers, while it runs, on each of its public ports. */
export const HEALTH = "/health";
