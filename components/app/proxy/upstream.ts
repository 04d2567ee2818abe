/** The servers of one upstream. */
export interface Servers {
  /** Those that are used, each `ADDRESS:PORT`; an address may be a name, which is looked up again and again. */
  servers: readonly string[];
  /**
   * Those that will be used after the next reload. Their names are looked up already, and Nginx hands what it found to its next
   * generation, which otherwise answers 502 until it has asked by itself. @default []
   */
  next?: readonly string[];
  /** Those of a second upstream, `NAME_candidate`, for a look before they are used. @default [] */
  candidates?: readonly string[];
  /** After how many failures in a row (within `failTimeoutSeconds`) a server is left out for a while. @default 1 */
  maxFails?: number;
  /** For how long it is left out, in seconds. @default 2 */
  failTimeoutSeconds?: number;
}

/** Nginx's file of an upstream: `routes/NAME.conf`. @throws Error for a name or server that would be something else in the file. */
export function routeFile(name: string, of: Servers): string {
  const { servers, next = [], candidates = [], maxFails = 1, failTimeoutSeconds = 2 } = of;
  const fails = `max_fails=${maxFails} fail_timeout=${failTimeoutSeconds}s`;
  const used = servers.map((server) => `${checked(server)} resolve ${fails}`);
  const lookedUp = next
    .filter((server) => !servers.includes(server))
    .map((server) => `${checked(server)} resolve down ${fails}`);
  const all = [...used, ...lookedUp];
  const blocks = [block(name, all.length > 0 ? all : ["127.0.0.1:9 down"])];
  if (candidates.length > 0) {
    const tried = candidates.map((server) => `${checked(server)} resolve max_fails=0`);
    blocks.push(block(`${name}${CANDIDATE}`, tried));
  }
  return blocks.join("\n");
}

/** The servers that a file uses. */
export const serversIn = (file: string): string[] =>
  [...(/^upstream [^{]*\{([^}]*)\}/.exec(file)?.[1] ?? "").matchAll(/server (\S+) resolve (?!down)/g)].map(
    ([, server = ""]) => server,
  );

/** The file before there is a server: every request is answered with 502. */
export const placeholderRoute = (name: string): string => routeFile(name, { servers: [] });

/** What the second upstream's name ends with. */
export const CANDIDATE = "_candidate";

// Idle connections are given up before an application does so (5 s in Node.js and Uvicorn): a POST that is sent while the other
// side closes fails, because it must not be sent twice.
const block = (name: string, servers: readonly string[]) => `upstream ${checkedName(name)} {
    zone ${name} 256k;
${servers.map((server) => `    server ${server};`).join("\n")}
    keepalive 32;
    keepalive_timeout 3s;
}
`;

function checked(server: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]*:\d{1,5}$/.test(server)) return server;
  throw new Error(`${JSON.stringify(server)}: a server of an upstream should be ADDRESS:PORT`);
}

function checkedName(name: string): string {
  if (/^[a-z][a-z0-9_-]*$/.test(name)) return name;
  throw new Error(`${JSON.stringify(name)}: an upstream should have a name of a-z, 0-9, _ and -`);
}
