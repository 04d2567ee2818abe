import { z } from "zod";
import { PROBE_PROGRAM, type ProbeSpec } from "../engines/engine.ts";
import type { ImageFacts } from "./image.ts";
import { byShape, count, hostPort, matching, whole } from "./support/args.ts";
import { defined } from "./support/defined.ts";
import { commandWords } from "./support/program.ts";

/**
 * The image that probes by `http` and `tcp` take their program from: one file that needs nothing else in its container. In this
 * variant, busybox is linked statically and resolves names by itself.
 */
export const PROBE_IMAGE: ImageFacts = { registry: "busybox:1.37-musl", packages: "busybox" };

const words = () => commandWords().min(1, "at least a program");

const timings = {
  /** How long one try may take, in seconds. @default 5 */
  timeoutSeconds: count(1, 3600).optional(),
  /** Pause between tries until the first good one, in milliseconds. @default 200 */
  startIntervalMs: whole("whole milliseconds, 1 to 60000", 1, 60_000).optional(),
  /** Pause between tries afterwards, in seconds. @default 10 */
  intervalSeconds: count(1, 86_400).optional(),
  /** How many failures in a row make it unhealthy. @default 3 */
  retries: count(1, 100).optional(),
};

const Command = z.strictObject({
  /** A program of its image, with its arguments, that ends with 0. */
  command: words(),
  ...timings,
});
const Shell = z.strictObject({
  /** A line for its image's shell that ends with 0. */
  shell: z.string("a text").min(1, "a line for a shell"),
  ...timings,
});
const Http = z.strictObject({
  /** A path that answers with a status of 200 to 399. */
  http: matching(/^\/\S*$/, "a path, as /health"),
  /** The port of the path. @default - the component's first one */
  port: hostPort().optional(),
  ...timings,
});
const Tcp = z.strictObject({
  /** A port that accepts a connection. */
  tcp: hostPort(),
  ...timings,
});
const OwnImage = z.strictObject({
  /** The health check of its image, with timings of its own. */
  image: z.literal(true, "true"),
  ...timings,
});

/** A probe as it is given. */
export type ProbeArgs =
  | "none"
  | "image"
  | string[]
  | z.input<typeof Command>
  | z.input<typeof Shell>
  | z.input<typeof Http>
  | z.input<typeof Tcp>
  | z.input<typeof OwnImage>;
/** A probe that has been checked. */
export type Probe =
  | "none"
  | "image"
  | z.output<typeof Command>
  | z.output<typeof Shell>
  | z.output<typeof Http>
  | z.output<typeof Tcp>
  | z.output<typeof OwnImage>;

const RULE = 'a command, { http }, { tcp }, { shell }, "image" or "none"';

/**
 * What proves, inside its container, that a server serves:
 * - `{ command }`, or a list of texts: a program of its image that ends with 0.
 * - `{ shell }`: a line for its image's shell that ends with 0.
 * - `{ http }`: a path that answers with a status of 200 to 399; redirects are not followed.
 * - `{ tcp }`: a port that accepts a connection.
 * - `"image"`: the health check of its image.
 * - `"none"`: it is ready once it has kept running for a second.
 */
export const probe = () =>
  byShape<ProbeArgs, Probe>((given): z.ZodType<Probe> => {
    if (Array.isArray(given)) return words().transform((command) => ({ command }));
    if (typeof given === "object" && given !== null) {
      if ("command" in given) return Command;
      if ("shell" in given) return Shell;
      if ("http" in given) return Http;
      if ("tcp" in given) return Tcp;
      if ("image" in given) return OwnImage;
    }
    return z.custom<"none" | "image">((value) => value === "none" || value === "image", RULE);
  }, RULE);

/**
 * The probe in the form that an engine takes.
 *
 * @param host the server's name in HTTP.
 * @param port for `http` without one.
 * @param address where it is asked. @default - at the container's own address: another container may serve under its name
 */
export function probeOf(
  probe: Probe,
  host: string,
  port: number | undefined,
  address?: string,
): Partial<Omit<ProbeSpec, "program">> & Pick<ProbeSpec, "test"> {
  if (typeof probe === "string") return { test: probe };
  const own = defined(probe as Partial<ProbeSpec>, ["timeoutSeconds", "startIntervalMs", "intervalSeconds", "retries"]);
  if ("command" in probe) return { test: ["CMD", ...probe.command], ...own };
  if ("shell" in probe) return { test: ["CMD-SHELL", probe.shell], ...own };
  if ("image" in probe) return { test: "image", ...own };
  const seconds = String(own.timeoutSeconds ?? 5);
  const connected = (to: number, ...program: string[]) => [
    ...["CMD", PROBE_PROGRAM, "sh", "-c", CONNECT, PROBE_PROGRAM, seconds, address ?? "", String(to)],
    ...program,
  ];
  // Not every build of it knows `-z`: the program that it runs once it is connected ends it.
  if ("tcp" in probe) return { test: connected(probe.tcp, "true"), ...own };
  const to = probe.port ?? port ?? 80;
  return { test: connected(to, "sh", "-c", ASK_HTTP, PROBE_PROGRAM, `${host}:${to}`, probe.http, seconds), ...own };
}

/** Its arguments: the program that it is part of, how many seconds to wait, the address, the port, and what to run once connected. */
const CONNECT = [
  "wait=$1 address=$2 port=$3",
  "shift 3",
  '[ -n "$address" ] || address=$("$0" hostname)',
  'exec "$0" nc -w "$wait" "$address" "$port" -e "$0" "$@"',
].join("\n");

/**
 * Asks over a connection on standard input and output, and judges the status itself, as Kubernetes does: wget takes some codes
 * below 400 for errors, and follows redirects. Of a good answer the rest is read too, at most 10 KiB and for a second: a server
 * would take the end of a connection with unread bytes for a failure. Its arguments: the program that it is part of, the host with
 * its port, the path, and how many seconds to wait.
 */
const ASK_HTTP = [
  `printf 'GET %s HTTP/1.1\\r\\nHost: %s\\r\\nUser-Agent: stackyard-probe\\r\\nAccept: */*\\r\\nConnection: close\\r\\n\\r\\n' "$2" "$1"`,
  'read -t "$3" -r answer',
  'case "$answer" in',
  '"HTTP/1."[01]" "[23][0-9][0-9]*) "$0" timeout 1 "$0" head -c 10240 >/dev/null; exit 0 ;;',
  'HTTP/*) echo "$answer" >&2 ;;',
  '"") echo "no answer: the connection was closed, or $3 s were over" >&2 ;;',
  '*) echo "the answer is not HTTP" >&2 ;;',
  "esac",
  "exit 1",
].join("\n");

/** Whether a probe needs the program from `PROBE_IMAGE`. */
export const needsProgram = (probe: Probe) => typeof probe === "object" && ("http" in probe || "tcp" in probe);
