import { switchedOn } from "../../../components/program/program.ts";
import { settings } from "../../../stacks/polyglot.ts";

/** What polyglot gets where this is set, and nothing else. */
export const polyglotSettings = (set: Record<string, unknown> = {}) => switchedOn(settings.parse(set));
