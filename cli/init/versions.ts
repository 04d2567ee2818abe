/**
 * The packages of a project, exactly as this Stackyard was tested with: a newer one of Pulumi's would ask for a newer plugin, which
 * set-up cannot build. A test compares them with package-lock.json.
 */
export const VERSIONS = {
  "@pulumi/docker": "5.2.0",
  "@pulumi/pulumi": "3.270.0",
  "@pulumi/random": "4.21.2",
  zod: "4.6.7",
};
