import { Unavailable } from "../errors.ts";
import { withTimeout } from "../timeout.ts";

/** What the API asks of the client of any database. */
export interface Client {
  /** Resolves once the database has answered a real question; rejects with the reason otherwise. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** @throws Unavailable where a database fails to answer, or takes longer than that. */
export async function answerOf<Answer>(name: string, timeoutMs: number, answer: Promise<Answer>): Promise<Answer> {
  try {
    return await withTimeout(timeoutMs, answer);
  } catch (error) {
    throw new Unavailable(name, error);
  }
}
