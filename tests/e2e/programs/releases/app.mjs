// An application that says which release it is. What it answers to its probe and to the proxy's check is set from outside.
import { createServer } from "node:http";

const { VERSION, HEALTH = "200", CHECK = "200" } = process.env;

const server = createServer((request, answer) => {
  request.resume().on("end", () => {
    if (request.url === "/health") answer.statusCode = Number(HEALTH);
    if (request.url === "/api/check") answer.statusCode = Number(CHECK);
    const wait = request.url === "/api/slow" ? 3_000 : 5 + Math.random() * 20;
    setTimeout(() => answer.end(VERSION), wait);
  });
});
server.listen(3000);

// What is in flight is answered; then idle connections are closed.
process.once("SIGTERM", () => {
  server.close(() => process.exit());
  setInterval(() => server.closeIdleConnections(), 50);
});
