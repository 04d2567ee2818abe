import { z } from "zod";
import { type ContainerOverrides, OVERRIDABLE } from "../engines/containers/overrides.ts";
import { sentence } from "./support/args.ts";

export type { ContainerOverrides };

/** Arguments of the Docker provider's own container, for what nothing here has a word for. */
export const containerOverrides = () =>
  z
    .custom<ContainerOverrides>(
      (value) => value !== null && Object.getPrototypeOf(value) === Object.prototype,
      "a set of options",
    )
    .superRefine((overrides, { addIssue }) => {
      for (const name of Object.keys(overrides)) {
        const known = Object.hasOwn(OVERRIDABLE, name) ? OVERRIDABLE[name as keyof ContainerOverrides] : undefined;
        if (known === undefined) addIssue({ code: "unrecognized_keys", keys: [name], input: overrides });
        else if (known !== true) {
          const instead = known.includes(" ") ? known : `It is set by \`${known}\`: set that option instead.`;
          addIssue({ code: "custom", path: [name], message: sentence(instead) });
        }
      }
    });
