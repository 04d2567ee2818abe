import { createSocket } from "node:dgram";
import { createServer, isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";

/** A port of a machine. */
export interface HostPort {
  hostPort: number;
  protocol: "tcp" | "udp";
  /** An address of the machine; see `isEvery`. */
  address: string;
}

export const LOOPBACK = "127.0.0.1";
export const onLoopback = (hostPort: number): HostPort => ({ hostPort, protocol: "tcp", address: LOOPBACK });

/** One spelling for each address, without a zone: IPv6 has many. */
const canonical = (address: string) => (isIPv6(address) ? inUrl(address).slice(1, -1) : address);

/** A host as URLs have it: IPv6 in brackets. */
export const inUrl = (host: string) => (isIPv6(host) ? new URL(`http://[${host}]`).hostname : host);

/** Whether an address stands for all of a machine's, of its family. */
export const isEvery = (address: string) => ["0.0.0.0", "::"].includes(canonical(address));

/** The address by which the same machine reaches what listens on an address. */
export const fromItself = (address: string) => (!isEvery(address) ? address : isIPv6(address) ? "::1" : LOOPBACK);

/** Whether only one of two ports can be listened on. */
export const overlap = (a: HostPort, b: HostPort) =>
  a.hostPort === b.hostPort &&
  a.protocol === b.protocol &&
  isIPv6(a.address) === isIPv6(b.address) &&
  (canonical(a.address) === canonical(b.address) || isEvery(a.address) || isEvery(b.address));

/** For messages: `port 80 on 127.0.0.1`, `UDP port 53 on 0.0.0.0`. */
export const shownPort = ({ hostPort, protocol, address }: HostPort) =>
  `${protocol === "udp" ? "UDP port" : "port"} ${hostPort} on ${address}`;

/** Whether nobody listens on a port of this machine. One that this process may not use (below 1024) counts as free: an engine may. */
export const isFree = async (port: HostPort): Promise<boolean> => (await errorOf(port)) !== "EADDRINUSE";

/** The code of the error of listening on a port of this machine now; undefined when that works. */
function errorOf({ hostPort: port, protocol, address }: HostPort): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const failed = ({ code }: NodeJS.ErrnoException) => resolve(code);
  // As an engine does, which listens for one family at a time.
  const ipv6Only = isIPv6(address);
  if (protocol === "tcp") {
    const server = createServer().once("error", failed);
    server.listen({ port, host: address, ipv6Only, exclusive: true }, () => server.close(() => resolve(undefined)));
  } else {
    const socket = createSocket({ type: ipv6Only ? "udp6" : "udp4", ipv6Only }).once("error", failed);
    socket.bind({ port, address, exclusive: true }, () => socket.close(() => resolve(undefined)));
  }
  return promise;
}

const addressesLike = (address: string) =>
  Object.values(networkInterfaces()).flatMap((each = []) =>
    each.flatMap((own) => (isIPv6(own.address) === isIPv6(address) ? own.address : [])),
  );

/** Who has a port of the engine's machine. */
export interface PortHolder {
  /** For messages: `container web-1a2b`. */
  shown: string;
  /** The id of the Pulumi stack that it belongs to, where it belongs to one. */
  stack?: string | undefined;
}

/**
 * Who has a port of this machine; undefined when nobody has.
 *
 * @param publisherOf asks the engine which container publishes a port.
 * @throws Error when the machine does not have the port's address.
 */
export async function holderOf(
  port: HostPort,
  publisherOf: (port: HostPort) => Promise<PortHolder | undefined>,
): Promise<PortHolder | undefined> {
  const error = await errorOf(port);
  if (error === "EADDRNOTAVAIL" || error === "EAFNOSUPPORT")
    throw new Error(
      `this machine does not have the address ${port.address}. Set one that it has (${addressesLike(port.address).join(", ")}), ` +
        `or ${isIPv6(port.address) ? "::" : "0.0.0.0"} for all of them.`,
    );
  if (error !== "EADDRINUSE") return undefined;
  return (await publisherOf(port)) ?? { shown: "another program" };
}
