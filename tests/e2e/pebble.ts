import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BUILT, builtImage } from "../../components/core/support/built-image.ts";
import { CA_BUNDLE, provideCaBundle } from "../../components/core/support/ca-bundle.ts";
import { contentHash } from "../../components/core/support/content.ts";
import { madeCertificate } from "../unit/helpers/certificate.ts";
import { api, docker, freePorts, ROOT } from "./harness.ts";

const FOLDER = join(ROOT, "tests/e2e/pebble");

/** Builds Pebble's image where the engine does not have it, from Go modules. */
async function image(): Promise<string> {
  const built = builtImage("base").ref;
  const base = (await api.hasImage(built)) ? built : "debian:trixie-slim";
  const ref = `${BUILT}e2e-pebble:${contentHash(FOLDER, [base])}`;
  if (await api.hasImage(ref)) return ref;
  const certificates = join(ROOT, CA_BUNDLE);
  provideCaBundle(certificates);
  const how = ["--build-arg", `BASE=${base}`, "--secret", `id=ca,src=${certificates}`];
  const { code, output } = await docker(["build", ...how, "--tag", ref, FOLDER]);
  if (code !== 0) throw new Error(output);
  return ref;
}

/**
 * A real ACME server, whose certificates are valid for moments. It is on the network of this machine, where every container of it
 * that reaches out finds it.
 */
export class Pebble {
  readonly container: string;
  /** The address of its directory. */
  readonly server: string;
  /** By which it is known. */
  readonly caFile: string;
  readonly #folder: string;

  private constructor(container: string, server: string, folder: string) {
    this.container = container;
    this.server = server;
    this.#folder = folder;
    this.caFile = join(folder, "certificate.pem");
  }

  /**
   * @param run labels what is made here: `e2e-1a2b3c4d`.
   * @param of the host that leads to this machine, the port at which it asks it, and how long certificates are valid, in seconds.
   */
  static async start(run: string, of: { host: string; httpPort: number; validSeconds: number }): Promise<Pebble> {
    const { stdout } = await docker(["network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}"]);
    const [address, [port = 0, management = 0]] = [stdout.trim(), await freePorts(2)];
    const folder = mkdtempSync(join(tmpdir(), `stackyard-${run}-pebble-`));
    const pebble = {
      listenAddress: `${address}:${port}`,
      managementListenAddress: `127.0.0.1:${management}`,
      certificate: "/pebble-files/certificate.pem",
      privateKey: "/pebble-files/key.pem",
      httpPort: of.httpPort,
      tlsPort: 443,
      retryAfter: { authz: 1, order: 1 },
      profiles: { default: { description: "Short", validityPeriod: of.validSeconds } },
    };
    const { certificate, key } = madeCertificate(address);
    writeFileSync(join(folder, "certificate.pem"), certificate);
    writeFileSync(join(folder, "key.pem"), key);
    writeFileSync(join(folder, "config.json"), JSON.stringify({ pebble }));
    const made = new Pebble(`${run}-pebble`, `https://${address}:${port}/dir`, folder);
    const { code, output } = await docker([
      ...["run", "--detach", "--name", made.container, "--label", `stackyard.test=${run}`, "--network", "host"],
      ...["--add-host", `${of.host}:127.0.0.1`, "--env", "PEBBLE_VA_NOSLEEP=1", "--read-only", "--user", "0:0"],
      ...["--volume", `${folder}:/pebble-files:ro`, await image(), "-config", "/pebble-files/config.json"],
    ]);
    if (code !== 0) throw new Error(output);
    return made;
  }

  async remove(): Promise<void> {
    await docker(["rm", "--force", this.container]);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
