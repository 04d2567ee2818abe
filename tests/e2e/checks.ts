import { expect } from "vitest";
import { eventually, inspect, type Ran, type TestStack } from "./harness.ts";

// Checks that the tests of the project's own stack share.

/** Waits for a command, which has to succeed. */
export async function done<R extends { code: number; output: string }>(running: Promise<R>): Promise<R> {
  const ran = await running;
  expect(ran.code, ran.output).toBe(0);
  return ran;
}

/** Brings the stack up, or fails with the output. */
export const up = (stack: TestStack, env: NodeJS.ProcessEnv = {}, ...flags: string[]): Promise<Ran> =>
  done(stack.up(env, ...flags));

/** Runs an `up` that has to fail. @returns its output. */
export async function upFails(stack: TestStack, env: NodeJS.ProcessEnv, ...flags: string[]): Promise<string> {
  const { code, output } = await stack.up(env, ...flags);
  expect(code, output).not.toBe(0);
  return output;
}

/** A note of the sample API. @param url the API's. */
export async function postNote(url: string, title: string, more: object = {}): Promise<{ id: number }> {
  const response = await fetch(`${url}/notes`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ title, ...more }),
  });
  expect(response.status, await response.clone().text()).toBe(201);
  return (await response.json()) as { id: number };
}

export async function getNote(url: string, id: number) {
  const response = await fetch(`${url}/notes/${id}`);
  const { title } = (await response.json()) as { title?: string };
  return { status: response.status, cache: response.headers.get("x-cache"), title };
}

// The graph and the vectors get a note after its author has got an answer, and on a busy machine Neo4j plans its first queries for
// long.
const FOLLOWS_WITHIN_SECONDS = 240;

/** The graph knows which notes share which tags with a note. */
export async function expectRelated(url: string, id: number, related: { id: number; tags: string[] }): Promise<void> {
  await eventually(async () => {
    const response = await fetch(`${url}/notes/${id}/related`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject([{ tags: related.tags, note: { id: related.id } }]);
  }, FOLLOWS_WITHIN_SECONDS);
}

/** The vectors know which notes are nearest to a text, best first. */
export async function expectFound(url: string, text: string, ids: number[]): Promise<void> {
  await eventually(async () => {
    const response = await fetch(`${url}/notes/search?q=${text}&limit=${ids.length}`);
    const body = (await response.json()) as { embedding?: string };
    expect(body).toMatchObject({ notes: ids.map((id) => ({ note: { id } })) });
    expect(body.embedding).toContain("not in meaning");
  }, FOLLOWS_WITHIN_SECONDS);
}

const ATTACHMENT = { type: "image/x-rose", bytes: [0, 1, 2, 255] };

export async function attach(url: string, id: number): Promise<void> {
  const put = await fetch(`${url}/notes/${id}/attachment`, {
    method: "PUT",
    headers: { "content-type": ATTACHMENT.type },
    body: Buffer.from(ATTACHMENT.bytes),
  });
  expect(put.status, await put.text()).toBe(204);
}

export async function expectAttachment(url: string, id: number): Promise<void> {
  const got = await fetch(`${url}/notes/${id}/attachment`);
  expect(got.headers.get("content-type")).toBe(ATTACHMENT.type);
  expect([...new Uint8Array(await got.arrayBuffer())]).toEqual(ATTACHMENT.bytes);
}

export interface Inspected {
  Id: string;
  Config: { User: string };
  HostConfig: {
    Memory: number;
    NanoCpus: number;
    /** The engine has it as null where nothing is published. */
    PortBindings: Record<string, { HostIp: string; HostPort: string }[]> | null;
    RestartPolicy: { Name: string };
  };
  NetworkSettings: { Networks: Record<string, { IPAddress: string }> };
}

/** A service's or job's container. */
export async function inspected(stack: TestStack, service: string): Promise<Inspected> {
  return inspect<Inspected>((await stack.container(service)).id);
}

/** The same, after a check of the limits that all containers have. */
export async function restricted(stack: TestStack, service: string): Promise<Inspected> {
  const container = await inspected(stack, service);
  expect(container, service).toMatchObject({
    HostConfig: {
      CapAdd: null,
      CapDrop: ["ALL"],
      LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "3" } },
      Privileged: false,
      ReadonlyRootfs: true,
      SecurityOpt: ["no-new-privileges:true"],
    },
  });
  return container;
}

/** Whether a container on a network gets a TCP connection: "connected", an error's code, or "no answer". */
export async function connects(
  stack: TestStack,
  network: string,
  image: string,
  host: string,
  port: number,
): Promise<string> {
  const say = (text: string) => `(console.log(${text}), process.exit())`;
  const program = `const socket = require("node:net").connect(${port}, ${JSON.stringify(host)});
    socket.setTimeout(3000, () => ${say('"no answer"')});
    socket.once("connect", () => ${say('"connected"')});
    socket.once("error", (error) => ${say("error.code")});`;
  return (await stack.client(network, image, ["node", "--eval", program])).stdout.trim();
}
