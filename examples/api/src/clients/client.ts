/** What the API asks of the client of any database. */
export interface Client {
  /** Resolves once the database has answered a real question; rejects with the reason otherwise. */
  check(): Promise<void>;
  close(): Promise<void>;
}
