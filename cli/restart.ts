import { untilReady } from "../components/engines/containers/watch.ts";
import { hold } from "./shared/hold.ts";
import { seconds } from "./shared/seconds.ts";
import { chosen } from "./shared/services.ts";
import { engine, readState } from "./shared/stack.ts";

// make restart [s=name]: services are stopped, each with its own grace, started again, and waited for.

/** For a container without a health check that says it. */
const READY_SECONDS = 120;
await hold();
const stop = new AbortController();
process.once("SIGINT", () => stop.abort(new Error("interrupted")));
const api = await engine(stop.signal);
const rows = await chosen(api, readState(), "service");
const results = await Promise.allSettled(
  rows.map(async ({ service, container }) => {
    await api.restart(container);
    const { pidsLimit = 0, startPeriodSeconds = READY_SECONDS } = (await api.inspect(container)) ?? {};
    const watch = {
      subject: service,
      timeoutSeconds: startPeriodSeconds,
      mask: (text: string) => text,
      signal: stop.signal,
    };
    const took = await untilReady(api, container, pidsLimit, watch);
    process.stdout.write(`${service}: ready after ${seconds(took)}\n`);
  }),
);
for (const result of results) {
  if (result.status === "fulfilled") continue;
  process.stderr.write(`${(result.reason as Error).message}\n`);
  process.exitCode = 1;
}
