import neo4j, { type EagerResult, type RecordShape } from "neo4j-driver";
import { answerOf, type Client } from "./client.ts";

// The first of each query is planned, which takes seconds on a busy machine.
const TIMEOUT_MS = 10_000;
// Nobody waits for a change; a second attempt would wait for the first, which goes on in the server.
const CHANGE_TIMEOUT_MS = 60_000;

/** Notes and the tags that they share. */
export interface Graph extends Client {
  /** Makes each note's tags what they are now. */
  put(notes: readonly { id: number; tags: readonly string[] }[]): Promise<void>;
  remove(ids: readonly number[]): Promise<void>;
  /** Notes that share a tag with this one, those with most in common first, and which tags. */
  related(id: number, limit: number): Promise<{ id: number; tags: string[] }[]>;
}

const PUT = `
  UNWIND $notes AS each
  MERGE (note:Note {id: each.id})
  WITH note, each
  OPTIONAL MATCH (note)-[old:TAGGED]->(tag:Tag) WHERE NOT tag.name IN each.tags
  DELETE old
  WITH DISTINCT note, each
  UNWIND each.tags AS name
  MERGE (tag:Tag {name: name})
  MERGE (note)-[:TAGGED]->(tag)`;

const REMOVE = "MATCH (note:Note) WHERE note.id IN $ids DETACH DELETE note";

const RELATED = `
  MATCH (:Note {id: $id})-[:TAGGED]->(tag:Tag)<-[:TAGGED]-(other:Note)
  WITH other.id AS id, tag.name AS name ORDER BY name
  WITH id, collect(name) AS tags
  RETURN id, tags ORDER BY size(tags) DESC, id DESC LIMIT $limit`;

/** Connects at the first question, and again whenever the server has come back. */
export function connectNeo4j(url: string): Graph {
  const { protocol, host, username, password } = new URL(url);
  const credentials = neo4j.auth.basic(decodeURIComponent(username), decodeURIComponent(password));
  const driver = neo4j.driver(`${protocol}//${host}`, credentials, {
    connectionTimeout: 2_000,
    connectionAcquisitionTimeout: 2_000,
    maxTransactionRetryTime: 1_000,
    disableLosslessIntegers: true,
    telemetryDisabled: true,
  });
  const ask = async <Row extends RecordShape>(
    cypher: string,
    parameters: object,
    timeoutMs = TIMEOUT_MS,
  ): Promise<Row[]> => {
    const asked = driver.executeQuery<EagerResult<Row>>(cypher, parameters);
    return (await answerOf("graph", timeoutMs, asked)).records.map((record) => record.toObject());
  };

  return {
    // Whole numbers are BigInt: others would be floating ones there.
    async put(notes) {
      await ask(PUT, { notes: notes.map(({ id, tags }) => ({ id: BigInt(id), tags })) }, CHANGE_TIMEOUT_MS);
    },
    async remove(ids) {
      await ask(REMOVE, { ids: ids.map(BigInt) }, CHANGE_TIMEOUT_MS);
    },
    async related(id, limit) {
      return ask(RELATED, { id: BigInt(id), limit: BigInt(limit) });
    },
    async check() {
      await driver.executeQuery("MATCH (note:Note) RETURN count(note)");
    },
    close: () => driver.close(),
  };
}
