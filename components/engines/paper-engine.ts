import * as pulumi from "@pulumi/pulumi";
import type { Engine, Handle, ImageSpec, JobWorkload, NetworkSpec, ServiceWorkload, VolumeSpec } from "./engine.ts";

/** One declaration. */
export type Declared = { name: string; opts: pulumi.CustomResourceOptions } & (
  | { kind: "network"; spec: NetworkSpec }
  | { kind: "volume"; spec: VolumeSpec }
  | { kind: "image"; spec: ImageSpec }
  | { kind: "service"; spec: ServiceWorkload }
  | { kind: "job"; spec: JobWorkload }
);

/**
 * An engine on paper: it records what is declared, and makes nothing. So it shows what a program declares, without a real
 * engine.
 */
export class PaperEngine implements Engine {
  readonly host: string = "paper:";
  readonly local: boolean = true;
  readonly declared: Declared[] = [];
  #parent: pulumi.Resource | undefined;

  fault = async (): Promise<string | undefined> => undefined;
  ownId = async (): Promise<string | undefined> => undefined;

  open({ parent }: { parent: pulumi.Resource }): void {
    this.#parent = parent;
  }

  network = (name: string, spec: NetworkSpec, opts: pulumi.CustomResourceOptions) =>
    this.#add({ kind: "network", name, spec, opts });
  volume = (name: string, spec: VolumeSpec, opts: pulumi.CustomResourceOptions) =>
    this.#add({ kind: "volume", name, spec, opts });
  image = (name: string, spec: ImageSpec, opts: pulumi.CustomResourceOptions) =>
    this.#add({ kind: "image", name, spec, opts });
  service = (name: string, spec: ServiceWorkload, opts: pulumi.CustomResourceOptions) => ({
    ...this.#add({ kind: "service", name, spec, opts }),
    host: pulumi.output(name),
    ready: async () => {},
    reach: async () => {},
    exec: async () => "",
    put: async () => {},
  });
  job = (name: string, spec: JobWorkload, opts: pulumi.CustomResourceOptions) => ({
    ...this.#add({ kind: "job", name, spec, opts }),
    run: async () => {},
  });

  clear = async () => {};
  portHolder = async () => undefined;
  hasVolume = async () => true;
  volumes = async (): Promise<string[]> => [];
  isEmpty = async () => true;
  hasImage = async () => true;
  imageConfig = async () => undefined;
  pull = async () => {};
  capacity = async () => ({ memoryBytes: Number.POSITIVE_INFINITY, cpus: Number.POSITIVE_INFINITY });

  #add(declared: Declared): Handle {
    this.declared.push(declared);
    if (!this.#parent) throw new Error("The engine should be opened before anything is declared on it");
    const { kind, name } = declared;
    const resource = new pulumi.ComponentResource(`stackyard:paper:${kind}`, name, {}, { parent: this.#parent });
    return { resource, key: pulumi.output(`${kind} ${name}`) };
  }
}
