import * as pulumi from "@pulumi/pulumi";

const REMEDIES = {
  volume: "give one of them another name in `volumes`, or rename its service",
  network: "rename one of the services",
};

/** Names of volumes or networks, each for one service only. They are joined from two names, so that different pairs may give the same. */
export class Names {
  readonly #what: keyof typeof REMEDIES;
  readonly #services = new Map<string, string>();

  constructor(what: keyof typeof REMEDIES) {
    this.#what = what;
  }

  /**
   * @param parent under which a resource has the name: Pulumi tells it from one of the same name under another type of parent.
   * @throws RunError when another one has the name.
   */
  take(name: string, service: string, parent?: pulumi.Resource): void {
    const place = `${typeOf(parent)} ${name}`;
    const other = this.#services.get(place);
    if (other !== undefined) {
      const both =
        other === service ? `Two ${this.#what}s of ${service}` : `A ${this.#what} of ${other} and one of ${service}`;
      throw new pulumi.RunError(`${both} would both be called ${name}: ${REMEDIES[this.#what]}.`);
    }
    this.#services.set(place, service);
  }
}

/** The SDK's types leave it out. */
const typeOf = (resource?: pulumi.Resource) => (resource as { __pulumiType?: string } | undefined)?.__pulumiType;
