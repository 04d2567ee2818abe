import { containerInspection } from "../../../components/engines/containers/inspection.ts";
import type { FakeEngine } from "./engine.ts";

/** What the command-line program sees of a fake engine on this machine. */
export const inspectionOf = (engine: FakeEngine) => containerInspection(engine, { host: "unix:///fake.sock" });
