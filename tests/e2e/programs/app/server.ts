import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";

// MODE: `serve` (the default) is ready at once, `refuse` starts and never gets ready, `exit` does not start, `hungry` takes
// 150 MiB of memory before it serves.
// With CACHE_URL_FILE it does not start either while the Redis there holds a key `broken`.

const { MODE = "serve", PORT = "3000", CACHE_URL_FILE } = process.env;

console.log(`app: mode ${MODE}`);
if (MODE === "exit" || (CACHE_URL_FILE && (await isBroken(readFileSync(CACHE_URL_FILE, "utf8"))))) {
  console.error("app: cannot start like this");
  process.exit(1);
}
const held = Buffer.alloc(MODE === "hungry" ? 150 * 1024 ** 2 : 0, "x");
process.once("SIGTERM", () => process.exit(0));
createServer((_, response) => {
  response.statusCode = MODE === "refuse" ? 503 : 200;
  response.end(MODE === "refuse" ? "app: not ready and never will be" : `ready with ${held.length}`);
}).listen(Number(PORT));

function isBroken(url: string): Promise<boolean> {
  const { hostname, port, username, password } = new URL(url);
  return new Promise((resolve, reject) => {
    let answers = "";
    const socket = connect(Number(port), hostname, () =>
      socket.write(`AUTH ${username} ${password}\r\nEXISTS broken\r\n`),
    );
    socket.once("error", reject);
    socket.setEncoding("utf8").on("data", (text) => {
      answers += text;
      const found = /:(\d)\r\n/.exec(answers);
      if (!found) return;
      socket.destroy();
      resolve(found[1] === "1");
    });
  });
}
