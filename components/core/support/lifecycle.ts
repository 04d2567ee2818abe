/** `ephemeral` is emptied for each new container, `keep` survives `down`, and `protected` survives `destroy` too. */
export type VolumeLifecycle = "ephemeral" | "keep" | "protected";
/** Those of volumes that outlive their container. */
export type LastingLifecycle = Exclude<VolumeLifecycle, "ephemeral">;
