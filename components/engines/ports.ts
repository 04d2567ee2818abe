import { createServer } from "node:net";

/** Whether nobody listens on a port of this machine. That we may not (a port below 1024) does not say that an engine may not. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code !== "EADDRINUSE"));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}

export interface PortHolder {
  /** For messages: `container web-1a2b`. */
  shown: string;
  /** The id of the Pulumi stack that it belongs to, where it belongs to one. */
  stack?: string | undefined;
}

/**
 * Who has a port of this machine; nothing when nobody has.
 *
 * @param publisherOf which container publishes a port, by the engine.
 */
export async function holderOf(
  port: number,
  publisherOf: (port: number) => Promise<PortHolder | undefined>,
): Promise<PortHolder | undefined> {
  if (await isFree(port)) return undefined;
  return (await publisherOf(port)) ?? { shown: "another program" };
}
