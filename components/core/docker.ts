import { z } from "zod";
import { type ContainerOverrides, OVERRIDABLE } from "../engines/containers/overrides.ts";
import { known, sentence } from "./support/args.ts";

export type { ContainerOverrides };

const OPTIONS = Object.entries(OVERRIDABLE).flatMap(([name, rule]) => (rule === true ? [name] : []));

/** Arguments of the Docker provider's own container, for what nothing here has a word for. */
export const containerOverrides = () =>
  z
    .custom<ContainerOverrides>(
      (value) => value !== null && Object.getPrototypeOf(value) === Object.prototype,
      "a set of options",
    )
    .superRefine((overrides, { addIssue }) => {
      for (const name of Object.keys(overrides)) {
        const rule = Object.hasOwn(OVERRIDABLE, name) ? OVERRIDABLE[name as keyof ContainerOverrides] : undefined;
        if (rule === undefined)
          addIssue({ code: "unrecognized_keys", keys: [name], input: overrides, message: known(OPTIONS) });
        else if (rule !== true) {
          const instead = rule.includes(" ") ? rule : `It is set by \`${rule}\`: set that option instead.`;
          addIssue({ code: "custom", path: [name], message: sentence(instead) });
        }
      }
    });
