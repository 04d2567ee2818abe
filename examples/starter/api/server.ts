import { createServer } from "node:http";
import { connect } from "node:net";

// Says which of the databases that it refers to answer. Of each it has been told HOST and PORT, and the file with its URL and
// password: DATABASE_HOST, DATABASE_PORT, DATABASE_URL_FILE. Replace this by an API of your own.

const names = Object.keys(process.env).flatMap((variable) => /^(.+)_HOST$/.exec(variable)?.[1] ?? []);

function answers(name: string): Promise<boolean> {
  const socket = connect(Number(process.env[`${name}_PORT`]), process.env[`${name}_HOST`]);
  return new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
  }).finally(() => socket.destroy());
}

const server = createServer(async ({ url }, response) => {
  if (url === "/health") return response.end("ok\n");
  const found = await Promise.all(names.map(async (name) => [name.toLowerCase(), await answers(name)]));
  return response.setHeader("Content-Type", "application/json").end(`${JSON.stringify(Object.fromEntries(found))}\n`);
});
server.listen(Number(process.env.PORT ?? 3000));
process.once("SIGTERM", () => server.close());
