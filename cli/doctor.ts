import { existsSync, statfsSync, statSync } from "node:fs";
import { tooManyCpus, tooMuchMemory } from "../components/core/support/machine.ts";
import { commandLine, pulumiCommand } from "../components/engines/command-line.ts";
import { holderOf, onLoopback, overlap } from "../components/engines/ports.ts";
import { hostPorts } from "../components/program/host-ports.ts";
import { describeOrphans, findOrphans } from "./shared/clones.ts";
import { commandFor } from "./shared/command.ts";
import { findEngine, kindOf, memoryLimits } from "./shared/engine.ts";
import { describeError } from "./shared/faults.ts";
import { cancelCommand, holderShown, lockFile, lockShown } from "./shared/hold.ts";
import { fateOfLock, pulumiLocks, readNames } from "./shared/pulumi-lock.ts";
import { drift } from "./shared/recover.ts";
import { retryAdvice, services, unwell } from "./shared/services.ts";
import { readSettings } from "./shared/settings.ts";
import { besideStates, brokenState, readState, STACK } from "./shared/stack.ts";
import { noRoom } from "./shared/state-copy.ts";
import { table } from "./shared/table.ts";
import { fateOf, readHolder } from "./shared/verb-lock.ts";

interface Finding {
  about: string;
  ok: boolean;
  found: string;
  /** What to do. */
  advice?: string;
}

const GIB = 1024 ** 3;
const LEAST_DISK_GIB = 5;
const gib = (bytes: number) => `${(bytes / GIB).toFixed(1)} GiB`;

/** Checks the state, the engine and the stack, and says what to do. @returns 1 when something is wrong. */
export async function doctor({ json }: { json?: boolean }): Promise<number> {
  const findings = [...stateFindings(), ...(await engineFindings())];
  if (json) process.stdout.write(`${JSON.stringify(findings, null, 2)}\n`);
  else {
    const lines = findings.map(({ about, ok, found }) => [ok ? "ok" : "!!", about, found]);
    process.stdout.write(`${table(["", "WHAT", "FOUND"], lines)}\n`);
    const advice = findings.filter(({ ok }) => !ok).map(({ about, advice }) => `${about}: ${advice}`);
    process.stdout.write(advice.length > 0 ? `\nWhat to do:\n${advice.join("\n")}\n` : "");
  }
  return findings.every(({ ok }) => ok) ? 0 : 1;
}

function stateFindings(): Finding[] {
  const url = process.env.PULUMI_BACKEND_URL;
  const found: Finding[] = [{ about: "state", ok: true, found: url ?? "the backend that pulumi is logged in to" }];
  const passphrase = process.env.PULUMI_CONFIG_PASSPHRASE_FILE;
  if (passphrase) {
    const mode = existsSync(passphrase) ? statSync(passphrase).mode & 0o777 : undefined;
    found.push({
      about: "passphrase",
      ok: mode === 0o600,
      found: mode === undefined ? `${passphrase} is gone` : `${passphrase}, mode ${mode.toString(8)}`,
      advice:
        mode === undefined
          ? "bring it back from a backup: the state cannot be read without it"
          : `chmod 600 ${passphrase}: others can read it`,
    });
  }
  const full = noRoom();
  if (full) found.push({ about: "state's disk", ok: false, found: besideStates(), advice: full });
  return [...found, ...lockFindings()];
}

/** The verb's own lock, and pulumi's, which lasts for one command. */
function lockFindings(): Finding[] {
  const held = readHolder(lockFile());
  const fate = held && fateOf(held);
  const verb =
    held && fate !== "gone"
      ? {
          about: "lock",
          ok: fate === "lives",
          found:
            fate === "lives" ? `${holderShown(held)} is at work` : `${holderShown(held)} on ${held.host} locked it`,
          advice: `it cannot be seen from here; if it has ended, this releases the stack: rm '${lockFile()}'`,
        }
      : undefined;
  const names = readNames();
  const pulumis = pulumiLocks().map((lock) => {
    const fate = fateOfLock(lock, names);
    const gone = fate === "gone";
    return {
      about: "pulumi's lock",
      // As a rule it is that of the verb's own pulumi.
      ok: fate === "lives",
      found: `${lockShown(lock)} ${gone ? "was ended in the middle" : fate === "lives" ? "is at work" : "locked it"}`,
      advice: gone
        ? `\`${commandFor("dev")}\` releases it, as does every verb that changes something`
        : `it cannot be seen from here; if it has ended, this removes its lock: ${cancelCommand}`,
    };
  });
  return [...(verb ? [verb] : []), ...pulumis];
}

async function engineFindings(): Promise<Finding[]> {
  const engine = findEngine();
  const problem = await engine.problem();
  if (problem) return [{ about: "engine", ok: false, found: engine.host, advice: problem }];
  const info = await engine.info();
  const found: Finding[] = [{ about: "engine", ok: true, found: `Docker ${info.version} at ${engine.host}` }];

  if (existsSync(info.folder)) {
    const { bavail, bsize } = statfsSync(info.folder);
    const ok = bavail * bsize > LEAST_DISK_GIB * GIB;
    found.push({
      about: "disk",
      ok,
      found: `${gib(bavail * bsize)} free in ${info.folder}`,
      advice: `make room, ${LEAST_DISK_GIB} GiB or more: \`docker system df\` shows what images and build caches take`,
    });
  }

  const broken = brokenState();
  if (broken) return [...found, { about: "state", ok: false, found: "it is cut off", advice: broken }];
  const state = readState();
  const limited = memoryLimits(state.resources);
  found.push({
    about: "memory",
    ok: limited < info.memoryBytes,
    found: `limits of ${gib(limited)} together, the machine has ${gib(info.memoryBytes)}`,
    advice: "set smaller memoryMiB: together they can ask for more than there is",
  });

  const images = state.resources.filter((each) => kindOf(each) === "image");
  const gone = (await engine.missingImages(images)).map(({ outputs }) => String(outputs.name));
  found.push({
    about: "images",
    ok: gone.length === 0,
    found: gone.length > 0 ? `not on the engine: ${gone.join(", ")}` : `${images.length} in state, all on the engine`,
    advice: `\`${commandLine("images")}\` builds those that come from package registries, \`${pulumiCommand(`up -s ${STACK} --refresh`)}\` brings back all`,
  });

  const lost = await findOrphans(state, engine);
  const count = lost.unknown.length + lost.adoptable.reduce((sum, { volumes }) => sum + volumes.length, 0);
  if (count > 0) {
    found.push({
      about: "volumes",
      // Nothing can be done about volumes that no state knows.
      ok: lost.adoptable.length === 0,
      found: `${count} of stack ${STACK} that this clone has no state for`,
      advice: describeOrphans(lost).trim(),
    });
  }

  const { settings, faults } = await readSettings({ secrets: false }).catch((error: unknown) => {
    found.push({ about: "program", ok: false, found: "it cannot be read", advice: describeError(error) });
    return { settings: undefined, faults: [] };
  });
  found.push(...faults.map((fault) => ({ about: "settings", ok: false, found: `of stack ${STACK}`, advice: fault })));
  const rows = await services(engine, state);
  const declared = Object.entries(settings?.own ?? {}).flatMap(([key, value]) => tooLarge(key, value, info));
  found.push(
    ...declared.map((limit) => ({
      about: "machine",
      ok: false,
      found: limit,
      advice: "set less, or use a larger machine",
    })),
  );
  // With `ports: free` the first `up` chooses them.
  const wanted = settings?.common.ports === "fixed" ? hostPorts(settings.own) : {};
  for (const [key, port] of Object.entries(wanted)) {
    const [service] = key.split(".");
    const ours = rows.some(({ workload }) => workload.published.some((each) => overlap(each, onLoopback(port))));
    const holder = ours ? undefined : await holderOf(onLoopback(port), engine.publisherOf);
    found.push({
      about: `port ${port}`,
      ok: holder === undefined,
      found: ours ? `${service}'s` : holder ? `taken by ${holder.shown}` : `free, for ${service}`,
      advice: `stop that, or choose another port: \`${pulumiCommand(`config set -s ${STACK} --path ${key} PORT`)}\``,
    });
  }

  for (const { lines, ...each } of await unwell(engine, rows)) {
    const advice = `\`${commandFor("logs", `s=${each.replica}`)}\` shows what it wrote, ${retryAdvice(each, state)}`;
    found.push({
      about: each.replica,
      ok: false,
      found: lines
        .filter((line) => !line.startsWith(" ") && line !== "last log lines:")
        .slice(0, 2)
        .join("; "),
      advice,
    });
  }
  for (const each of await drift(engine, state)) {
    found.push({ about: "drift", ok: false, found: each, advice: `\`${commandFor("dev")}\` puts it back` });
  }
  return found;
}

/** The limits of one service that are more than the engine's machine has. */
function tooLarge(
  key: string,
  settings: unknown,
  { cpus, memoryBytes }: { cpus: number; memoryBytes: number },
): string[] {
  const { enabled = true, ...limits } = (typeof settings === "object" ? settings : {}) as {
    enabled?: boolean;
    cpus?: number;
    memoryMiB?: number;
  };
  if (!enabled) return [];
  const faults = [tooManyCpus(limits.cpus ?? 0, cpus), tooMuchMemory(limits.memoryMiB ?? 0, memoryBytes)];
  return faults.flatMap((each) => (each ? [`${key}: ${each}`] : []));
}
