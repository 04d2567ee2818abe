import { writeFileSync } from "node:fs";

// Runs in the container of a job that knows of NATS by a variable of its own.
const answer = await fetch(`http://${process.env.QUEUE}:8222/varz`);
const { server_name } = (await answer.json()) as { server_name: string };
console.log(`reached ${server_name}`);
// In a volume that a server has as well.
writeFileSync("/out/server", server_name);
