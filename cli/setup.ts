import { setUp } from "./shared/set-up.ts";

/** Makes this machine ready, and looks again where images come from. */
export const setup = () => setUp(["pulumi", "engine", "state", "images"], { decide: true });
