/** @returns ports on the host, by the path of each setting: `neo4j.httpHostPort`. */
export function hostPorts(settings: object): Record<string, number> {
  const ports: Record<string, number> = {};
  withEachPort(settings, (path, port) => {
    ports[path] = port;
    return port;
  });
  return ports;
}

/** @returns the settings with other ports on the host. A port that is undefined is not published. */
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
