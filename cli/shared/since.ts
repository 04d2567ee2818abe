const UNITS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * The time that `10m`, `2h30m` or `2026-01-02T03:04:05Z` stands for; undefined for any other text. A time without a zone is this
 * machine's own.
 */
export function parseSince(text: string, now = new Date()): Date | undefined {
  if (/^(\d+[smhd])+$/.test(text)) {
    const parts = [...text.matchAll(/(\d+)([smhd])/g)];
    const ms = parts.reduce((sum, [, count, unit = ""]) => sum + Number(count) * (UNITS[unit] ?? 0), 0);
    return new Date(now.getTime() - ms);
  }
  const at = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/.test(text)
    ? new Date(text)
    : undefined;
  return at && !Number.isNaN(at.getTime()) ? at : undefined;
}
