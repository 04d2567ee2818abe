import { reportOrphans } from "./shared/clones.ts";
import { reachEngine } from "./shared/engine.ts";
import { newPorts } from "./shared/new-ports.ts";
import { onlyWanted } from "./shared/only.ts";
import { pulumi, sayBackend } from "./shared/pulumi.ts";
import { isIdentified, readState } from "./shared/stack.ts";

// make preview [only=a,b]: what `up` would do.

sayBackend();
const state = readState();
if (!isIdentified(state)) await reportOrphans(state, await reachEngine());
const env = { ...(process.env.only ? await onlyWanted(state) : {}), ...(await newPorts(state, reachEngine)) };
process.exit(await pulumi(["preview", "--diff", ...(process.env.REFRESH === "1" ? ["--refresh"] : [])], env));
