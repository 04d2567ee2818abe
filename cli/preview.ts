import { pulumi, sayBackend } from "./shared/pulumi.ts";

// make preview: what `up` would do.

sayBackend();
process.exit(await pulumi(["preview", "--diff", ...(process.env.REFRESH === "1" ? ["--refresh"] : [])]));
