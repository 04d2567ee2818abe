/** `ephemeral` goes with its container, `keep` survives `down`, `protected` survives `destroy` too, until unprotected. */
export type VolumeLifecycle = "ephemeral" | "keep" | "protected";
