import * as pulumi from "@pulumi/pulumi";

/** Names of volumes, each for one service only. They are joined from two names, so that different pairs may give the same. */
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
