import { pulumi, sayBackend } from "./shared/pulumi.ts";
import { readState } from "./shared/stack.ts";

// make preview [only=a,b]: what `up` would do.

sayBackend();
const env = process.env.only ? await (await import("./shared/only.ts")).onlyWanted(readState()) : {};
process.exit(await pulumi(["preview", "--diff", ...(process.env.REFRESH === "1" ? ["--refresh"] : [])], env));
