// What a component can ask of a running service, in hooks, beside its readiness.

export { ExecError, type Handle, PROBE_PROGRAM, type ServiceHandle as Member } from "../engines/engine.ts";
export { valueOf } from "../engines/value.ts";
