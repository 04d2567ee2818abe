// A tiny application behind a proxy: says who it is and what it got, and does what a path asks for.
import { createHash } from "node:crypto";
import { createServer } from "node:http";

const name = process.env.NAME;
/** POSTs by their id. */
const posts = new Map();

const server = createServer((request, answer) => {
  const { method, url, headers } = request;
  request.resume().on("end", () => {
    const id = headers["x-post"];
    if (id !== undefined) posts.set(id, (posts.get(id) ?? 0) + 1);
    if (url === "/api/posts") return answer.end(JSON.stringify(Object.fromEntries(posts)));
    // Gone in the middle of a request, as in a crash.
    if (url === "/api/cut") return request.socket.destroy();
    if (url === "/api/own")
      answer.setHeaders(
        new Map([
          ["X-Frame-Options", "DENY"],
          ["X-Request-Id", "another"],
        ]),
      );
    if (url === "/api/broken") answer.statusCode = 503;
    setTimeout(() => answer.end(JSON.stringify({ name, method, url, headers })), url === "/api/slow" ? 20 : 0);
  });
});

// Echoes each frame of up to 125 bytes, which a client masks and a server does not.
server.on("upgrade", ({ headers }, socket) => {
  const accept = createHash("sha1").update(`${headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept.digest("base64")}\r\n\r\n`,
  );
  socket
    .on("error", () => {})
    .on("data", (frame) => {
      const length = frame[1] & 127;
      const mask = frame.subarray(2, 6);
      const text = frame.subarray(6, 6 + length).map((byte, index) => byte ^ mask[index % 4]);
      socket.write(Buffer.concat([Buffer.from([frame[0], length]), text]));
    });
});

server.listen(5000);
process.on("SIGTERM", () => {
  server.close(() => process.exit());
  setInterval(() => server.closeIdleConnections(), 50);
});
