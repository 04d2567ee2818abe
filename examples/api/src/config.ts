import { readFileSync } from "node:fs";
import { withoutCredentials } from "./errors.ts";

type Environment = Record<string, string | undefined>;

export interface Config {
  host: string;
  port: number;
  logLevel: string;
  /** Of each database that it was told of, with credentials. */
  urls: { [Name in keyof typeof PROTOCOLS]?: string | undefined };
  vectorsApiKey: string | undefined;
}

const PROTOCOLS = {
  database: ["postgresql:", "postgres:"],
  cache: ["redis:", "rediss:"],
  graph: ["bolt:", "bolt+s:", "neo4j:", "neo4j+s:"],
  vectors: ["http:", "https:"],
  storage: ["http:", "https:"],
  models: ["http:", "https:"],
};

/** One sentence for each fault in the environment; never holds a URL. */
export class ConfigError extends Error {}

const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"];

/** @throws ConfigError naming every variable at fault. */
export function readConfig(env: Environment = process.env): Config {
  const faults: string[] = [];

  function collect<T>(read: () => T, fallback: T): T {
    try {
      return read();
    } catch (error) {
      faults.push((error as Error).message);
      return fallback;
    }
  }

  const config = {
    host: env.HOST || "0.0.0.0",
    port: collect(() => port(env, "PORT", 3000), 0),
    logLevel: collect(() => oneOf(env, "LOG_LEVEL", LOG_LEVELS, "info"), ""),
    urls: Object.fromEntries(
      Object.entries(PROTOCOLS).map(([name, protocols]) => [
        name,
        collect(() => url(env, `${name.toUpperCase()}_URL`, protocols), undefined),
      ]),
    ),
    vectorsApiKey: collect(() => secret(env, "VECTORS_API_KEY"), undefined),
  };
  if (faults.length > 0) throw new ConfigError(faults.join("\n"));
  return config;
}

function port(env: Environment, name: string, fallback: number): number {
  const value = Number(env[name] || fallback);
  if (Number.isInteger(value) && value >= 1 && value <= 65535) return value;
  throw new Error(`${name} should be 1 to 65535, got ${JSON.stringify(env[name])}.`);
}

function oneOf(env: Environment, name: string, choices: string[], fallback: string): string {
  const value = env[name] || fallback;
  if (choices.includes(value)) return value;
  throw new Error(`${name} should be one of ${choices.join(", ")}, got ${JSON.stringify(value)}.`);
}

function url(env: Environment, name: string, protocols: string[]): string | undefined {
  const value = secret(env, name);
  if (value === undefined) return undefined;
  if (URL.canParse(value) && protocols.includes(new URL(value).protocol)) return value;
  throw new Error(`${name} should be a URL that begins with ${protocols.map((p) => `${p}//`).join(" or ")}.`);
}

/** The content of the file that NAME_FILE names, or else NAME itself; nothing where neither is set. */
function secret(env: Environment, name: string): string | undefined {
  const file = env[`${name}_FILE`];
  return file ? readSecretFile(`${name}_FILE`, file) : env[name]?.trim() || undefined;
}

function readSecretFile(name: string, file: string): string {
  let content: string;
  try {
    content = readFileSync(file, "utf8").trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Somebody will put the URL itself here one day.
    throw new Error(`${name} should name a readable file, got ${withoutCredentials(file)} (${code}).`);
  }
  if (content) return content;
  throw new Error(`${name} should name a file that holds something; ${file} is empty.`);
}
