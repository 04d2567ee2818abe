import type { Readable } from "node:stream";
import { Client as S3 } from "minio";
import { answerOf, type Client } from "./client.ts";

const TIMEOUT_MS = 10_000;
const BUCKET = "attachments";

export interface Attachment<Body> {
  /** As in a header Content-Type. */
  type: string;
  body: Body;
}

/** A file for each note that has one. */
export interface Storage extends Client {
  put(id: number, attachment: Attachment<Buffer>): Promise<void>;
  /** Nothing, if the note has none. */
  get(id: number): Promise<Attachment<Readable> | undefined>;
  /** Also of those that have none. */
  remove(ids: readonly number[]): Promise<void>;
}

/** @param url with the access key as its user and the secret key as its password. */
export function connectMinio(url: string): Storage {
  const { protocol, hostname, port, username, password } = new URL(url);
  const useSSL = protocol === "https:";
  const client = new S3({
    endPoint: hostname,
    port: Number(port) || (useSSL ? 443 : 80),
    useSSL,
    accessKey: decodeURIComponent(username),
    secretKey: decodeURIComponent(password),
    // Told, it does not ask for it before each first request to a bucket.
    region: "us-east-1",
    retryOptions: { disableRetry: true },
  });
  const ask = <Answer>(answer: Promise<Answer>) => answerOf("storage", TIMEOUT_MS, answer);
  const nameOf = (id: number) => `notes/${id}`;

  return {
    async put(id, { type, body }) {
      await ask(client.putObject(BUCKET, nameOf(id), body, body.length, { "Content-Type": type }));
    },
    get: (id) => ask(found(client, nameOf(id))),
    async remove(ids) {
      await ask(client.removeObjects(BUCKET, ids.map(nameOf)));
    },
    async check() {
      if (!(await client.bucketExists(BUCKET))) throw new Error(`there is no bucket ${BUCKET}`);
    },
    async close() {},
  };
}

async function found(client: S3, name: string): Promise<Attachment<Readable> | undefined> {
  try {
    const { metaData } = await client.statObject(BUCKET, name);
    return { type: String(metaData["content-type"]), body: await client.getObject(BUCKET, name) };
  } catch (error) {
    if (["NotFound", "NoSuchKey"].includes((error as { code?: string }).code ?? "")) return undefined;
    throw error;
  }
}
