import { onlyWanted } from "./shared/only.ts";
import { pulumi, sayBackend } from "./shared/pulumi.ts";
import { readState } from "./shared/stack.ts";

// make preview [only=a,b]: what `up` would do.

sayBackend();
const env = process.env.only ? await onlyWanted(readState()) : {};
process.exit(await pulumi(["preview", "--diff", ...(process.env.REFRESH === "1" ? ["--refresh"] : [])], env));
