import { expect, test } from "vitest";
import { Redis, type RedisArgs } from "../../../components/index.ts";
import { deploy } from "../helpers/stack.ts";

const redis = (args: Partial<RedisArgs>) => deploy((platform) => new Redis("cache", { platform, ...args }));

test.each<[string, Partial<RedisArgs>, string[]]>([
  ["no log of changes", { appendOnly: false }, ["no", "--maxmemory", "64mb", "--maxmemory-policy", "noeviction"]],
  ["a limit of its own", { maxMemoryMiB: 96 }, ["yes", "--maxmemory", "96mb", "--maxmemory-policy", "noeviction"]],
  [
    "half of its memory, rounded down",
    { memoryMiB: 255 },
    ["yes", "--maxmemory", "127mb", "--maxmemory-policy", "noeviction"],
  ],
  [
    "a policy for when it is full",
    { maxMemoryPolicy: "allkeys-lru" },
    ["yes", "--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"],
  ],
])("starts with %s", async (_, args, expected) => {
  const command = (await redis(args)).get("Container cache").inputs.command as string[];
  expect(command[command.indexOf("/run/secrets/start.sh") + 1]).toBe(expected[0] === "yes" ? "aof" : "rdb");
  expect(command.slice(command.indexOf("--appendonly") + 1)).toEqual(expected);
});
