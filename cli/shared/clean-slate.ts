import { flag } from "../../components/engines/command-line.ts";
import type { Inspection } from "../../components/engines/inspection.ts";
import { runWithProgress } from "../up/run.ts";
import { commandFor } from "./command.ts";
import { confirm } from "./confirm.ts";
import { holdsData, kindOf } from "./engine.ts";
import { pulumi } from "./pulumi.ts";
import { sweep } from "./recover.ts";
import { seconds } from "./seconds.ts";
import { backendFolder, isIdentified, type Kept, nameOf, readState, STACK, type State } from "./stack.ts";

/**
 * Ends the verb unless everything of the stack may go, data too: what is protected has to be named, each by its service in
 * `--discard`; then it asks, naming what would be lost; `yes` answers for scripts.
 */
export async function askFirst(
  verb: string,
  state: State,
  { yes = false }: { yes?: boolean | undefined },
): Promise<void> {
  const guarded = protectedIn(state);
  const unnamed = [...guarded].filter(([name]) => !named().includes(name));
  if (unnamed.length > 0) {
    const each = unnamed.map(([name, all]) => `  ${name}: ${all.map(shown).join(", ")}`).join("\n");
    process.stderr.write(
      `Protected in stack ${STACK}, and not named in ${flag("discard")}:\n${each}\nNothing was touched. To lose them on purpose, name ` +
        `each: ${commandFor(verb, `DISCARD=${[...guarded.keys()].join(",")}`)}\n`,
    );
    process.exit(1);
  }
  if (!yes) {
    const lost = dataIn(state).map(({ name, id }) => `  ${name} (${id})`);
    process.stdout.write(
      `This removes everything of stack ${STACK}, its passwords${lost.length > 0 ? ` and the data in:\n${lost.join("\n")}` : ""}\n`,
    );
    await confirm(`Type the stack's name (${STACK}) to go on: `, STACK);
  }
}

/** Removes everything of the stack, after `askFirst`. @returns the exit code. */
export async function cleanSlate({ engine, state }: { engine: Inspection; state: State }): Promise<number> {
  if (state.resources.some(({ protect }) => protect)) {
    const code = await pulumi(["state", "unprotect", "--all", "--yes"]);
    if (code !== 0) return code;
  }
  // With a refresh, because what somebody has removed by hand cannot be deleted a second time.
  const args = ["destroy", "--yes", "--skip-preview", "--refresh", "--suppress-outputs"];
  const { code, progress } = await runWithProgress(args, {}, async () => new Map());
  if (code === 0 && isIdentified(state) && backendFolder()) {
    await sweep(engine, { ...readState(), id: state.id }, { data: true, oneOffs: true });
  }
  if (code === 0) {
    const took = seconds(Date.now() - progress.began);
    process.stdout.write(`clean in ${took}${progress.summary && ` (${progress.summary})`}\n`);
  }
  return code;
}

const dataIn = ({ resources }: State) => resources.filter(holdsData);

/**
 * Runs something that may delete the protected data which `--discard` names: pulumi refuses to delete what is protected in state,
 * even where the program no longer protects it. Whatever is left afterwards is protected again.
 */
export async function lettingGo<T>(state: State, act: () => Promise<T>): Promise<T> {
  const guarded = protectedIn(state);
  const urns = named().flatMap((name) => (guarded.get(name) ?? []).map(({ urn }) => urn));
  if (urns.length === 0) return act();
  const setProtection = async (verb: "protect" | "unprotect", which: string[]) => {
    const code = which.length > 0 ? await pulumi(["state", verb, "--yes", ...which]) : 0;
    if (code !== 0) process.exit(code);
  };
  await setProtection("unprotect", urns);
  const result = await act();
  const left = readState().resources.map(({ urn }) => urn);
  await setProtection(
    "protect",
    urns.filter((urn) => left.includes(urn)),
  );
  return result;
}

const named = () => (process.env.STACKYARD_DISCARD ?? "").split(",").filter((name) => name !== "");

const shown = (kept: Kept) => (kindOf(kept) === "volume" ? `${kept.name} (${kept.id})` : kept.name);

/** The resources that pulumi would refuse to delete, by the component that they are parts of, in the order of their names. */
export function protectedIn({ resources }: State): Map<string, Kept[]> {
  const owner = ({ name, parent }: Kept) =>
    parent === undefined || parent.includes("::pulumi:pulumi:Stack::") ? name : nameOf(parent);
  const guarded = resources
    .filter(({ protect }) => protect)
    .sort((a, b) => owner(a).localeCompare(owner(b)) || a.name.localeCompare(b.name));
  return Map.groupBy(guarded, owner);
}
