import { pulumi, sayBackend } from "./shared/pulumi.ts";
import { releaseStaleLocks } from "./shared/recover.ts";

// make down: removes containers and networks; keeps volumes, passwords and the gates of jobs.

sayBackend();
releaseStaleLocks();
process.exit(await pulumi(["up", "--yes", "--skip-preview", "--suppress-outputs"], { STACKYARD_DOWN: "1" }));
