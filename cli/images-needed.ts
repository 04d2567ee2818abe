import { handleFaults } from "./shared/faults.ts";
import { builtImagesOf } from "./shared/graph.ts";
import { settingsInFiles } from "./shared/settings.ts";
import { STACK } from "./shared/stack.ts";

// images-needed.ts: prints which images of infra/airgap/images this stack uses, by its settings and its program, for set-up,
// before it builds any.

handleFaults();
process.stdout.write((await builtImagesOf(await settingsInFiles(STACK, { own: true }))).sort().join(" "));
