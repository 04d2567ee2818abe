import * as pulumi from "@pulumi/pulumi";

const REMEDIES = {
  volume: "give one of them another name in `volumes`, or rename its service",
  network: "rename one of the services",
};

const STACK = "pulumi:pulumi:Stack";

/** Names of volumes or networks, each for one service only. They are joined from two names, so that different pairs may give the same. */
export class Names {
  readonly #what: keyof typeof REMEDIES;
  readonly #services = new Map<string, string>();

  constructor(what: keyof typeof REMEDIES) {
    this.#what = what;
  }

  /**
   * @param parent under which a resource has the name: Pulumi tells it from one of the same name by the types of all its
   * parents.
   * @throws RunError when another one has the name.
   */
  take(name: string, service: string, parent?: pulumi.Resource): void {
    const place = `${typesOf(parent).join("$")} ${name}`;
    const other = this.#services.get(place);
    if (other !== undefined) {
      const both =
        other === service ? `Two ${this.#what}s of ${service}` : `A ${this.#what} of ${other} and one of ${service}`;
      throw new pulumi.RunError(`${both} would both be called ${name}: ${REMEDIES[this.#what]}.`);
    }
    this.#services.set(place, service);
  }
}

/** As in a URN: of a resource and its parents, without the stack, which is also the parent of what names none. */
function typesOf(resource?: pulumi.Resource): string[] {
  if (!resource) return [];
  const type = pulumi.resourceType(resource);
  // The SDK's types leave it out.
  const { __parentResource: parent } = resource as { __parentResource?: pulumi.Resource };
  return [...typesOf(parent), ...(type && type !== STACK ? [type] : [])];
}
