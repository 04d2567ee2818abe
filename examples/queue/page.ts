import { createServer } from "node:http";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";

// A page that sends messages by the queue and shows what comes: https://docs.nats.io/reference/reference-protocols/nats-protocol

const SUBJECT = "board";
const { QUEUE_HOST = "localhost", QUEUE_PORT = "4222" } = process.env;
const messages: string[] = [];

const queue = connect(Number(QUEUE_PORT), QUEUE_HOST);
queue.write(`CONNECT {"verbose":false,"pedantic":false}\r\nSUB ${SUBJECT} 1\r\n`);
// Its container is started again, and it connects anew.
queue.on("error", ({ message }) => console.error(message)).on("close", () => process.exit(1));

createServer(async (request, response) => {
  if (request.method === "POST") {
    const message = new URLSearchParams(await text(request)).get("message") ?? "";
    // Without line breaks, so that a message is a line.
    const payload = encodeURIComponent(message);
    queue.write(`PUB ${SUBJECT} ${payload.length}\r\n${payload}\r\n`);
    response.writeHead(303, { location: "/" }).end();
    return;
  }
  const items = messages.map((message) => `<li>${message.replace(/[&<]/g, (c) => `&#${c.charCodeAt(0)};`)}</li>`);
  const form = '<form method="post"><input name="message" autofocus></form>';
  response.setHeader("content-type", "text/html; charset=utf-8");
  response.end(`<!doctype html><title>Queue</title>${form}<ul>${items.join("")}</ul>`);
}).listen(8080);

let isMessage = false;
for await (const line of createInterface({ input: queue })) {
  if (isMessage) messages.unshift(decodeURIComponent(line));
  messages.splice(20);
  isMessage = line.startsWith(`MSG ${SUBJECT} `);
  if (line === "PING") queue.write("PONG\r\n");
}
