import type { FastifyBaseLogger } from "fastify";
import pg from "pg";
import { describe, Unavailable } from "../errors.ts";
import type { Client } from "./client.ts";

const CONNECT_TIMEOUT_MS = 2_000;
const QUERY_TIMEOUT_MS = 5_000;

// The SQLSTATE classes that speak of the server, not of the query: connection, resources, shutdown.
const SERVER_FAULT = /^(08|53|57P)/;

export interface Database extends Client {
  /** @throws Unavailable if the server, rather than the query, is at fault. */
  query<Row extends object>(text: string, values?: unknown[]): Promise<Row[]>;
}

/** Connects at the first query, and again whenever the server has come back. */
export function connectPostgres(url: string, logger: FastifyBaseLogger): Database {
  const pool = new pg.Pool({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    // Both: the server's own limit does not help against a server that went away.
    query_timeout: QUERY_TIMEOUT_MS,
    statement_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
  });
  // Without a listener, an idle connection that breaks would end the process.
  pool.on("error", (error) => logger.warn({ reason: describe(error) }, "database connection lost"));

  return {
    async query<Row extends object>(text: string, values: unknown[] = []) {
      try {
        return (await pool.query<Row>(text, values)).rows;
      } catch (error) {
        if (error instanceof pg.DatabaseError && !SERVER_FAULT.test(error.code ?? "")) throw error;
        throw new Unavailable("database", error);
      }
    },
    async check() {
      await pool.query("select 1");
    },
    close: () => pool.end(),
  };
}
