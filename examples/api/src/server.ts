import { pino } from "pino";
import { buildApp } from "./app.ts";
import { connect } from "./clients/clients.ts";
import { type Config, ConfigError, readConfig } from "./config.ts";

const STOP_TIMEOUT_MS = 10_000;

const config = configOrExit();
const logger = pino({ level: config.logLevel });
const clients = await connect(config, logger);
const app = buildApp(clients, logger);

// As process 1 of a container there is no default action: without these, a stop would end in a kill.
process.once("SIGTERM", stop);
process.once("SIGINT", stop);

await app.listen({ host: config.host, port: config.port });
// To reload.ts, where that has started it.
process.send?.("listening");

async function stop(signal: NodeJS.Signals): Promise<void> {
  logger.info({ signal }, "stopping");
  setTimeout(() => {
    logger.error(`not stopped within ${STOP_TIMEOUT_MS} ms, giving up`);
    process.exit(1);
  }, STOP_TIMEOUT_MS).unref();

  await app.close();
  await Promise.all(Object.values(clients).map((client) => client?.close()));
  logger.info("stopped");
  process.exit(0);
}

function configOrExit(): Config {
  try {
    return readConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}
