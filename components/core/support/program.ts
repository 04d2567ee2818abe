import { z } from "zod";
import { sentence } from "./args.ts";

const WORD = `a text that is not empty (the provider passes on no empty one; a shell can: ["sh", "-c", "exec PROGRAM ''"])`;

/** A program and its arguments. */
export const commandWords = () => z.array(z.string("a text").min(1, WORD), "a list of texts");

/** Refuses arguments with which no program would run, or another one than they say. */
export function refuseNoProgram(
  { entrypoint, command }: { entrypoint?: string[] | undefined; command?: string[] | undefined },
  { addIssue }: Pick<z.RefinementCtx, "addIssue">,
): void {
  const fault = (path: string, text: string) => addIssue({ code: "custom", path: [path], message: sentence(text) });
  if (entrypoint?.length === 0 && !command?.length)
    fault("entrypoint", "Without an entry point the command is the program: say which in `command`.");
  if (command?.length === 0 && !entrypoint)
    fault(
      "command",
      "The engine takes the image's own for an empty one: leave it out, or name the image's program in `entrypoint`, which has no " +
        "command then.",
    );
}
