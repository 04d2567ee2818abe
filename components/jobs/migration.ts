import type * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { parseArgs } from "../core/support/args.ts";
import { commandWords } from "../core/support/program.ts";
import { SetupJob, Args as setupJobArgs } from "./setup-job.ts";

const Args = setupJobArgs.safeExtend({
  /** What brings the database to the revision of this version. @default ["alembic","upgrade","head"] */
  command: commandWords().default(["alembic", "upgrade", "head"]),
});
export type MigrationArgs = z.input<typeof Args>;

/**
 * The migrations of an application's database: a `SetupJob` on the application's own image, which the same `build` makes once for
 * both. It runs when the image is another one. An application that has it in `uses` starts only once it has succeeded; if it fails,
 * so does `up`, and the application of before serves on. So a migration has to leave a database that the version before can use.
 *
 * @throws ArgsError naming every bad argument, before anything is registered. `up` fails, with its last log lines and exit
 * code, if it fails or takes longer than `timeoutSeconds`; the next `up` runs it again.
 * @example
 * const build = { context: "backend" };
 * const migration = new Migration("migration", { platform, build, uses: { database } });
 * new Api("backend", { platform, build, uses: { database, migration }, probe: { http: "/ready" } });
 */
export class Migration extends SetupJob {
  constructor(name: string, args: MigrationArgs, opts?: pulumi.ComponentResourceOptions) {
    const { command } = parseArgs(Args, "Migration", name, args);
    super(name, { ...args, command }, opts, "Migration");
  }
}
