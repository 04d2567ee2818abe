import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import type { Platform } from "../core/platform.ts";
import { count, matching, sentence } from "../core/support/args.ts";

// Names that the kernel defines. An engine refuses an unknown one only when it creates or starts the container, and the container
// before has been removed by then.

const CAPABILITIES = [
  "ALL",
  ..."AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE DAC_READ_SEARCH".split(
    " ",
  ),
  ..."FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN".split(" "),
  ..."NET_BIND_SERVICE NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT".split(
    " ",
  ),
  ..."SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG WAKE_ALARM".split(
    " ",
  ),
];

/** A capability, with or without CAP_; `ALL` for all of them. */
export const capability = () =>
  z
    .string("a capability's name, as NET_BIND_SERVICE")
    .transform((name) => name.replace(/^CAP_/, ""))
    .refine((name) => CAPABILITIES.includes(name), "a capability's name, as NET_BIND_SERVICE")
    .transform((name) => (name === "ALL" ? name : `CAP_${name}`));

const SIGNALS =
  "ABRT|ALRM|BUS|CHLD|CONT|FPE|HUP|ILL|INT|IO|IOT|KILL|PIPE|POLL|PROF|PWR|QUIT|SEGV|STKFLT|STOP|SYS|TERM|TRAP|TSTP|TTIN|TTOU|" +
  "URG|USR1|USR2|VTALRM|WINCH|XCPU|XFSZ|RTMIN(\\+([1-9]|1[0-5]))?|RTMAX(-([1-9]|1[0-4]))?";

/** The name of a signal. */
export const signal = () => matching(new RegExp(`^SIG(${SIGNALS})$`), "a signal's name, as SIGQUIT or SIGRTMIN+3");

const ULIMITS = "core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack".split(
  " ",
);
const limit = () => count(-1, Number.MAX_SAFE_INTEGER);

const Ulimit = z.union(
  [
    limit().transform((both) => ({ soft: both, hard: both })),
    z
      .strictObject({
        /** What applies, until the process sets another one. */
        soft: limit(),
        /** The most that a process can set for itself. */
        hard: limit(),
      })
      .refine(
        ({ soft, hard }) => hard === -1 || (soft !== -1 && soft <= hard),
        "a soft limit that is not above the hard one",
      ),
  ],
  "a number, or { soft, hard }, where -1 is no limit",
);

/** Limits of each process, by name. -1 is no limit; of open files, the kernel has always one. */
export const ulimits = () =>
  z
    .record(
      z.string().refine((name) => ULIMITS.includes(name), `a limit's name, one of ${ULIMITS.join(", ")}`),
      Ulimit,
    )
    .superRefine(({ nofile }, { addIssue }) => {
      if (nofile?.hard !== -1) return;
      const message = sentence("The kernel always limits open files: give a number, 1048576 at most by default.");
      addIssue({ code: "custom", path: ["nofile"], message });
    });

/** The kernel parameters that each container has a value of its own for. */
const OWN_PARAMETERS =
  /^(net\..+|fs\.mqueue\..+|kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced|domainname))$/;

/** Kernel parameters by name. */
export const sysctls = () =>
  z.record(
    matching(OWN_PARAMETERS, "a kernel parameter that a container has for itself, as net.core.somaxconn"),
    z.union([z.string(), z.number()], "a text or a number").transform(String),
  );

/** Refuses what an engine would ignore, or would refuse only once the container before has been removed. */
export function refuseWithoutEffect(
  args: {
    capabilities: string[];
    user: string;
    docker?: { securityOpts?: unknown } | undefined;
    networkMode?: string | undefined;
    sysctls?: Record<string, string> | undefined;
  },
  { addIssue }: Pick<z.RefinementCtx, "addIssue">,
): void {
  const fault = (text: string, ...path: string[]) => addIssue({ code: "custom", path, message: sentence(text) });
  const { capabilities, user, docker, networkMode, sysctls = {} } = args;
  // A program file that has capabilities itself gets them only where securityOpts allow new privileges.
  if (capabilities.length > 0 && !/^0(:|$)/.test(user) && docker?.securityOpts === undefined)
    fault(
      `The engine gives capabilities to root's programs only, and this one is ${user}: set user: "0:0", or leave them out. To listen ` +
        "on a port below 1024, none is needed.",
      "capabilities",
    );
  if (networkMode === "host")
    for (const name of Object.keys(sysctls).filter((name) => name.startsWith("net.")))
      fault("With networkMode: host this is the machine's own: set it there, and leave it out.", "sysctls", name);
}

/** The most open files that a kernel can be set to allow. */
const MOST_FILES = 2_147_483_584;

/**
 * Refuses devices, kernel parameters and limits that the engine's machine does not have, as far as that can be known: a kernel here
 * is the engine's if the engine is on this machine.
 */
export function refuseMissing(
  args: {
    platform: Platform;
    devices?: { host: string }[] | undefined;
    sysctls?: Record<string, string> | undefined;
    ulimits?: Record<string, { hard: number }> | undefined;
  },
  { addIssue }: Pick<z.RefinementCtx, "addIssue">,
): void {
  const fault = (text: string, ...path: PropertyKey[]) => addIssue({ code: "custom", path, message: sentence(text) });
  const { platform, devices = [], sysctls = {}, ulimits = {} } = args;
  const here = platform.engine.local && existsSync("/proc/sys");
  const most = here ? Number(readFileSync("/proc/sys/fs/nr_open", "utf8")) : MOST_FILES;
  if ((ulimits.nofile?.hard ?? 0) > most)
    fault(`The kernel allows ${most} open files at most (fs.nr_open): give no more.`, "ulimits", "nofile");
  if (!here) return;
  for (const [index, { host }] of devices.entries())
    if (!existsSync(host)) fault(`This machine has no ${host}: load its driver, or leave it out.`, "devices", index);
  for (const name of Object.keys(sysctls)) {
    // A network interface of the container's own may be none of this machine's.
    const known = name.replace(/^(net\.\w+\.(conf|neigh))\.[^.]+\./, "$1.default.").replaceAll(".", "/");
    if (!existsSync(`/proc/sys/${known}`))
      fault("This machine's kernel has no such parameter: see `sysctl -a`.", "sysctls", name);
  }
}
