import * as pulumi from "@pulumi/pulumi";

/** Names of volumes, each of which one service has. They are put together of two names, so that others may read the same. */
export class VolumeNames {
  readonly #services = new Map<string, string>();

  /** @throws RunError when another volume has the name. */
  take(name: string, service: string): void {
    const other = this.#services.get(name);
    if (other !== undefined) {
      const volumes = other === service ? `Two volumes of ${service}` : `A volume of ${other} and one of ${service}`;
      throw new pulumi.RunError(
        `${volumes} would both be called ${name}: give one of them another name in \`volumes\`, or rename its service.`,
      );
    }
    this.#services.set(name, service);
  }
}
