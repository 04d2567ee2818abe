/** The request is at fault: answered with this status and message. */
export class RequestError extends Error {
  readonly statusCode: number;

  constructor(statusCode: number, message: string) {
    super(message);
    this.statusCode = statusCode;
  }
}

/** A database that the request cannot do without does not answer; why is in `cause`, for the log only. */
export class Unavailable extends Error {
  readonly statusCode = 503;

  constructor(dependency: string, cause: unknown) {
    super(`${dependency} is unavailable`, { cause });
  }
}

/** @throws RequestError where the API was not told of a database that the request is for. */
export function told<Client>(name: string, client: Client | undefined): Client {
  if (client !== undefined) return client;
  throw new RequestError(
    501,
    `this API was not told of its ${name} (${name.toUpperCase()}_URL_FILE), so it cannot do that`,
  );
}

/**
 * An error in one short line that is safe to show and to log. Clients hang more than that on their
 * errors: ioredis the command with its arguments (AUTH too), pg the whole connection.
 */
export function describe(error: unknown): string {
  const { message, code } = (error ?? {}) as NodeJS.ErrnoException;
  // Connecting to a name with several addresses fails with an AggregateError that has no message.
  const text = message || code || String(error);
  return withoutCredentials(text.split("\n")[0] ?? "").slice(0, 200);
}

export function withoutCredentials(text: string): string {
  return text.replaceAll(/\/\/\S*@/g, "//***@");
}
