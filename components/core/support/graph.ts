import * as pulumi from "@pulumi/pulumi";
import { type Dependency, networksOf } from "../dependency.ts";
import { ArgsError } from "./args.ts";
import { originsOf } from "./origin.ts";

/** What a stack program declares, and what refers to what: plain data, in the order of the program. */
export interface Graph {
  nodes: GraphNode[];
  edges: GraphEdge[];
}

/** A service or a job. */
export interface GraphNode {
  /** Its name in labels and on networks. */
  name: string;
  kind: "service" | "job";
  /** Its component's class: `Postgres`, `SetupJob`, `Api`. */
  type: string;
  /** The network that it is reached on, which those who refer to it join. A job has none. */
  network?: string;
  /** TCP ports on the host. */
  hostPorts: number[];
  /** Whether it has data of its own, as a database has. */
  data: boolean;
}

/** A reference, by names: `from` starts when `to` is ready, or done. */
export interface GraphEdge {
  from: string;
  to: string;
  waits: "ready" | "done";
}

/** What has been declared under a name. */
interface Declared {
  made: Dependency;
  uses: Dependency[];
  /** Further names that it decides addresses of. @default [] */
  claims?: Claim[];
}

/** A name that an option of a component leads somewhere: to itself, or to an address. */
interface Claim {
  name: string;
  option: "hostname" | "hosts";
  /** The component, for messages: `Container "mail"`. */
  subject: string;
}

/** Remembers what is declared, as it is declared. */
export class Declarations {
  readonly #declared = new Map<string, Declared & { node: GraphNode }>();
  /** Names of all components, including those that are no node. */
  readonly #reserved = new Set<string>();
  readonly #may: (name: string) => void;

  /** @param may throws when the program has not begun to declare, or has ended. */
  constructor(may: (name: string) => void) {
    this.#may = may;
  }

  /** Takes a name. @throws RunError as `may` does; or when another component has it: labels and `DISCARD` go by it. */
  reserve(name: string): void {
    this.#may(name);
    if (this.#reserved.has(name))
      throw new pulumi.RunError(`"${name}" should be the name of one component only, got two of them`);
    this.#reserved.add(name);
  }

  /**
   * @throws RunError as `reserve` does; ArgsError where an option of one component would take over the name of another one, whichever
   * is declared first, or where two on one network have the same host name.
   */
  add(node: GraphNode, declared: Declared): void {
    this.reserve(node.name);
    for (const claim of declared.claims ?? []) refuseShared(claim, this.#neighbours(declared));
    this.#declared.set(node.name, { node, ...declared });
    const all = [...this.#declared.values()];
    const claims = all.flatMap(({ node: { name: by }, claims = [] }) => claims.map((claim) => ({ ...claim, by })));
    for (const claim of claims) refuseTaken(claim, all.find(({ node }) => isCalled(node, claim))?.node);
  }

  /** What has been declared before and is on a network with it. Nothing could refer to it yet. */
  #neighbours({ uses }: Declared): Declared[] {
    const joined = new Set(networksOf(uses));
    const networksWith = ({ made: { network }, uses }: Declared) => [
      ...(network ? [network] : []),
      ...networksOf(uses),
    ];
    return [...this.#declared.values()].filter((each) => networksWith(each).some((network) => joined.has(network)));
  }

  get graph(): Graph {
    const all = [...this.#declared.values()];
    return {
      nodes: all.map(({ node }) => node),
      edges: all.flatMap(({ node, uses }) =>
        this.named(uses).map(({ name, kind }) => ({
          from: node.name,
          to: name,
          waits: kind === "job" ? ("done" as const) : ("ready" as const),
        })),
      ),
    };
  }

  /** The nodes of what is referred to, each once. */
  named(uses: readonly Dependency[]): GraphNode[] {
    // A reference leads to a component, and the node to its service or its job: both have the same gate.
    const byGate = new Map([...this.#declared.values()].map(({ made, node }) => [made.gate, node]));
    return [...new Set(uses.flatMap(({ gate }) => (gate && byGate.get(gate)) ?? []))];
  }

  /**
   * What a component refers to: by `uses`, and by values that were made from a connection
   * (`env: { PGHOST: database.connection.host }`).
   */
  referredTo(uses: readonly Dependency[], ...values: Record<string, pulumi.Input<string>>[]): Dependency[] {
    const named = new Set(uses.map(({ gate }) => gate));
    const origins = new Set(values.flatMap((each) => Object.values(each).flatMap(originsOf)));
    const found = [...this.#declared.values()].filter(
      ({ made: { network, gate } }) =>
        !named.has(gate) && [network?.resource, gate].some((each) => each && origins.has(each)),
    );
    return [...new Set([...uses, ...found.map(({ made }) => made), ...[...origins].filter(isBeyond)])];
  }
}

/** Names are the same in upper and lower case, and with a dot at the end. */
const plain = (name: string) => name.toLowerCase().replace(/\.$/, "");

/** A service may have its own name as its host name. */
const isCalled = ({ name, network }: GraphNode, claim: Claim & { by: string }) =>
  network !== undefined && plain(claim.name) === name && !(claim.option === "hostname" && claim.by === name);

function refuseTaken({ name, option, subject }: Claim, taken: GraphNode | undefined): void {
  if (!taken) return;
  const instead = option === "hosts" ? "Leave it out: `uses` gives the address" : "Give it another one";
  throw new ArgsError(`${subject} has bad arguments`, [
    `${option}: should have no name of a service of this stack, got ${JSON.stringify(name)}, by which ${taken.type} "${taken.name}" is reached. ${instead}.`,
  ]);
}

/** The engine leads a host name that two have on one network to either of them. */
function refuseShared({ name, option, subject }: Claim, neighbours: readonly Declared[]): void {
  if (option !== "hostname") return;
  const taken = neighbours
    .flatMap(({ claims = [] }) => claims)
    .find((each) => each.option === "hostname" && plain(each.name) === plain(name));
  if (!taken) return;
  throw new ArgsError(`${subject} has bad arguments`, [
    `hostname: should be another one than that of ${taken.subject}, which is on a network with it, got ${JSON.stringify(name)}: what ` +
      "asks for that name would reach either. Give one of them another one.",
  ]);
}

/** An external() is in no stack, so it has no node: it is the origin itself. */
const isBeyond = (origin: object): origin is Dependency => "outside" in origin && origin.outside === true;
