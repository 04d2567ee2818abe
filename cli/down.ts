import { lettingGo } from "./shared/clean-slate.ts";
import { tellOfOrphans } from "./shared/clones.ts";
import { pulumi } from "./shared/pulumi.ts";
import { begin } from "./shared/recover.ts";
import { STACK } from "./shared/stack.ts";

// make down: removes containers and networks; keeps volumes, passwords and the gates of jobs.

const { api, state } = await begin();
if (state.resources.length === 0) {
  await tellOfOrphans(state, api);
  process.stdout.write(`Nothing of stack ${STACK} is there to be taken down.\n`);
  process.exit(0);
}
const down = () => pulumi(["up", "--yes", "--skip-preview", "--suppress-outputs"], { STACKYARD_DOWN: "1" });
process.exit(await lettingGo(state, down));
