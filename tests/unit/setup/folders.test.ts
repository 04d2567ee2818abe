import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test, vi } from "vitest";
import { statesFolder } from "../../../cli/shared/stack.ts";
import { cacheFolder } from "../../../components/engines/containers/claims.ts";

const ENV = fileURLToPath(new URL("../../../infra/setup/env.sh", import.meta.url));

// Set-up has to know them before there is a Node.js, and a program of plain `pulumi` has not been told them by set-up.
test.each<[string, NodeJS.ProcessEnv]>([
  ["nothing is set", { HOME: "/home/ada" }],
  ["empty ones count as none", { HOME: "/home/ada", XDG_CACHE_HOME: "", XDG_STATE_HOME: "", STACKYARD_CACHE: "" }],
  ["XDG's are set", { HOME: "/home/ada", XDG_CACHE_HOME: "/var/cache/ada", XDG_STATE_HOME: "/var/lib/ada" }],
  ["the cache's own", { HOME: "/home/ada", XDG_CACHE_HOME: "/var/cache/ada", STACKYARD_CACHE: "/mnt/cache" }],
])("bash and TypeScript have the same folders: %s", (_, env) => {
  for (const name of ["HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "STACKYARD_CACHE"]) vi.stubEnv(name, env[name]);
  const bash = execFileSync("bash", ["-c", '. "$1"; printf "%s\\n" "$CACHE" "$STATES"', "-", ENV], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, ...env },
  });
  expect([cacheFolder(), statesFolder()]).toEqual(bash.trim().split("\n"));
});
