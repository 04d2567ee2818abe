import { tellOfOrphans } from "./shared/clones.ts";
import { newPorts } from "./shared/new-ports.ts";
import { onlyWanted } from "./shared/only.ts";
import { pulumi, sayBackend } from "./shared/pulumi.ts";
import { engine, isIdentified, readState } from "./shared/stack.ts";

// make preview [only=a,b]: what `up` would do.

sayBackend();
const state = readState();
if (!isIdentified(state)) await tellOfOrphans(state, await engine());
const env = { ...(process.env.only ? await onlyWanted(state) : {}), ...(await newPorts(state, engine)) };
process.exit(await pulumi(["preview", "--diff", ...(process.env.REFRESH === "1" ? ["--refresh"] : [])], env));
