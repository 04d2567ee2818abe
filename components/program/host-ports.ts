/** Ports on the host, by where each is set: `neo4j.httpHostPort`. */
export function hostPorts(settings: object): Record<string, number> {
  const ports: Record<string, number> = {};
  withEachPort(settings, (path, port) => {
    ports[path] = port;
    return port;
  });
  return ports;
}

/** The same settings with other ports on the host; not published where there is none. */
export function withPorts<T extends object>(settings: T, ports: Readonly<Record<string, number | undefined>>): T {
  return withEachPort(settings, (path, port) => (path in ports ? ports[path] : port)) as T;
}

function withEachPort(value: unknown, change: (path: string, port: number) => number | undefined, at = ""): unknown {
  if (Array.isArray(value)) return value.map((each, index) => withEachPort(each, change, `${at}.${index}`));
  if (typeof value !== "object" || value === null || ("enabled" in value && value.enabled === false)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => {
      const path = at === "" ? key : `${at}.${key}`;
      const isPort = /hostPort$/i.test(key) && typeof each === "number";
      return [key, isPort ? change(path, each) : withEachPort(each, change, path)];
    }),
  );
}
