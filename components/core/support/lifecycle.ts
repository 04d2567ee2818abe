/** `ephemeral` goes with its container, `keep` survives `down`, `protected` survives `destroy` too, until unprotected. */
export type VolumeLifecycle = "ephemeral" | "keep" | "protected";
/** Of what outlives its container. */
export type LastingLifecycle = Exclude<VolumeLifecycle, "ephemeral">;
