import { pino } from "pino";
import { buildApp } from "./app.ts";
import { connectPostgres } from "./clients/postgres.ts";
import { connectRedis } from "./clients/redis.ts";
import { type Config, ConfigError, readConfig } from "./config.ts";

const STOP_TIMEOUT_MS = 10_000;

const config = configOrExit();
const logger = pino({ level: config.logLevel });
const database = connectPostgres(config.databaseUrl, logger);
const cache = connectRedis(config.cacheUrl);
const app = buildApp({ database, cache, logger });

// As process 1 of a container there is no default action: without these, a stop would end in a kill.
process.once("SIGTERM", stop);
process.once("SIGINT", stop);

await app.listen({ host: config.host, port: config.port });

async function stop(signal: NodeJS.Signals): Promise<void> {
  logger.info({ signal }, "stopping");
  setTimeout(() => {
    logger.error(`not stopped within ${STOP_TIMEOUT_MS} ms, giving up`);
    process.exit(1);
  }, STOP_TIMEOUT_MS).unref();

  await app.close();
  await Promise.all([database.close(), cache.close()]);
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
