import type { EngineApi } from "../../components/engines/api.ts";
import { confirm } from "./confirm.ts";
import { pulumi } from "./pulumi.ts";
import { sweep } from "./recover.ts";
import { backendFolder, isIdentified, nameOf, readState, STACK, type State } from "./stack.ts";
import { typed } from "./typed.ts";

/**
 * Ends the verb unless everything of the stack may go, data too: what is protected has to be named, each by its service in
 * `DISCARD=`; then it asks, naming what would be lost; YES=1 answers for scripts.
 */
export async function askFirst(verb: string, state: State): Promise<void> {
  const guarded = protectedIn(state);
  const discard = (process.env.DISCARD ?? "").split(",").filter((name) => name !== "");
  const unnamed = [...guarded.keys()].filter((name) => !discard.includes(name));
  if (unnamed.length > 0) {
    const each = unnamed.map((name) => `  ${name}: ${guarded.get(name)?.join(", ")}`).join("\n");
    process.stderr.write(
      `Protected in stack ${STACK}, and not named in DISCARD=:\n${each}\nNothing was touched. To lose them on purpose, name ` +
        `each: ${typed(verb, `DISCARD=${[...guarded.keys()].join(",")}`)}\n`,
    );
    process.exit(1);
  }
  if (process.env.YES !== "1") {
    const lost = dataIn(state).map(({ name, id }) => `  ${name} (${id})`);
    process.stdout.write(
      `This removes everything of stack ${STACK}, its passwords${lost.length > 0 ? ` and the data in:\n${lost.join("\n")}` : ""}\n`,
    );
    await confirm(`Type the stack's name (${STACK}) to go on: `, STACK);
  }
}

/** Removes everything of the stack, once that was asked for. @returns the exit code. */
export async function cleanSlate({ api, state }: { api: EngineApi; state: State }): Promise<number> {
  if (state.resources.some(({ protect }) => protect)) {
    const code = await pulumi(["state", "unprotect", "--all", "--yes"]);
    if (code !== 0) return code;
  }
  // Refreshed, because what somebody removed by hand cannot be deleted a second time.
  const code = await pulumi(["destroy", "--yes", "--skip-preview", "--refresh", "--suppress-outputs"]);
  if (code === 0 && isIdentified(state) && backendFolder()) {
    await sweep(api, { ...readState(), id: state.id }, { data: true });
  }
  return code;
}

const dataIn = ({ resources }: State) =>
  resources.filter(({ type, name }) => type === "docker:index/volume:Volume" && name.endsWith("-data"));

/** What pulumi would refuse to delete, by the component that it is a part of; all in order of their names. */
export function protectedIn({ resources }: State): Map<string, string[]> {
  const owner = ({ name, parent }: State["resources"][number]) =>
    parent === undefined || parent.includes("::pulumi:pulumi:Stack::") ? name : nameOf(parent);
  const guarded = resources
    .filter(({ protect }) => protect)
    .map((each) => ({ service: owner(each), ...each }))
    .sort((a, b) => a.service.localeCompare(b.service) || a.name.localeCompare(b.name));
  return new Map(
    [...Map.groupBy(guarded, ({ service }) => service)].map(([service, all]) => [
      service,
      all.map(({ type, name, id }) => (type === "docker:index/volume:Volume" ? `${name} (${id})` : name)),
    ]),
  );
}
