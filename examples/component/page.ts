import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { createInterface } from "node:readline";

// A page that counts its visits in the cache: https://valkey.io/topics/protocol/

const { CACHE_HOST = "localhost", CACHE_PORT = "6379", CACHE_PASSWORD_FILE = "" } = process.env;

const cache = connect(Number(CACHE_PORT), CACHE_HOST);
// Its container is started again, and it connects anew.
cache.on("error", ({ message }) => console.error(message)).on("close", () => process.exit(1));
const answers = createInterface({ input: cache })[Symbol.asyncIterator]();

/** Answers come in the order of the commands. */
async function ask(...words: string[]): Promise<string> {
  cache.write(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`);
  const { value = "-closed" } = await answers.next();
  return value;
}

const signedIn = await ask("AUTH", readFileSync(CACHE_PASSWORD_FILE, "utf8"));
if (signedIn !== "+OK") throw new Error(signedIn);

createServer(async ({ url }, response) => {
  const answer = url === "/" ? await ask("INCR", "visits") : await ask("PING");
  response.statusCode = answer.startsWith("-") ? 502 : 200;
  response.end(`${answer.slice(1)}\n`);
}).listen(8080);
