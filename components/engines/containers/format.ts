/** A duration as Go prints it (`1m30s`, `200ms`): any other spelling is read back differently, which is a change on every `up`. */
export function goDuration(ms: number): string {
  if (ms === 0) return "0s";
  if (ms < 1000) return `${ms}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const seconds = `${(ms % 60_000) / 1000}s`;
  return hours > 0 ? `${hours}h${minutes}m${seconds}` : minutes > 0 ? `${minutes}m${seconds}` : seconds;
}

/** CPUs as the provider reads them back: `1.0`, `0.5`. */
export function dockerCpus(cpus: number): string {
  return cpus.toFixed(1);
}
