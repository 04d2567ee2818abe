// What you need for a component of your own. Programs that only use components need `components/index.ts`.

export { type Connection, type ConnectionFacts, connection } from "./connection.ts";
export { Database, type DatabaseFacts, databaseArgs, databaseSettings, fixedUser } from "./database.ts";
export { uses } from "./dependency.ts";
export { env, environmentOf, refuseDuplicates, type Secret, secrets } from "./environment.ts";
export { configFiles, readConfigFiles } from "./files.ts";
export { gate } from "./gate.ts";
export {
  Build,
  type ImageFacts,
  imageArg,
  imageOn,
  imageOrBuild,
  type OwnImage,
  refuseImageAndBuild,
  refuseTwoImages,
} from "./image.ts";
export { Job, type JobArgs } from "./job.ts";
export { needsProgram, PROBE_IMAGE, type Probe, type ProbeArgs, probe, probeOf } from "./probe.ts";
export { hidden, password } from "./secret.ts";
export { decidedBy, type Own, serverSettings, settingValue, variablesOf } from "./server-settings.ts";
export { Service, type ServiceArgs } from "./service.ts";
export { NOBODY, Setup } from "./setup.ts";
export {
  byShape,
  containerPath,
  count,
  cpus,
  file,
  files,
  gpus,
  hostPort,
  identifier,
  instance,
  matching,
  mebibytes,
  parseArgs,
  seconds,
  secretText,
  secretValue,
  sentence,
  unshown,
  variable,
  whole,
} from "./support/args.ts";
export { lifecycle, limits, platform, user } from "./support/common.ts";
export { httpProbe } from "./support/http-probe.ts";
export type { SharedVolumeArgs, VolumeArgs } from "./volume.ts";
