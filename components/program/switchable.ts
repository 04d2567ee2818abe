import { z } from "zod";

/**
 * The settings of a component that can be switched off: with `enabled: false` the program gets `undefined` instead of them.
 *
 * @param settings the component's: `Postgres.settings`.
 * @param defaults the program's, which replace the component's; and `enabled`, true unless it says otherwise. @default {}
 * @example
 * export const settings = z.strictObject({ cache: switchable(Redis.settings, { maxMemoryPolicy: "allkeys-lru" }) });
 */
export function switchable<Shape extends z.core.$ZodLooseShape>(
  settings: z.ZodObject<Shape>,
  { enabled = true, ...defaults }: Partial<z.input<z.ZodObject<Shape>>> & { enabled?: boolean } = {},
) {
  const adapted = Object.fromEntries(
    Object.entries(settings.shape).map(([key, option]) => [
      key,
      key in defaults ? z.prefault(option, defaults[key as keyof typeof defaults] as never) : option,
    ]),
  ) as Shape;
  return z
    .strictObject({
      /** Whether it is deployed at all, with its setup job. */
      enabled: z.boolean("true or false").default(enabled),
      ...adapted,
    })
    .superRefine((all, { issues, addIssue }) => {
      const { enabled, ...options } = all as { enabled: boolean };
      // Rules across options do not apply to a component that is switched off.
      if (!enabled || issues.length > 0) return;
      for (const issue of settings.safeParse(options).error?.issues ?? []) addIssue({ ...issue });
    })
    .prefault({} as never);
}
