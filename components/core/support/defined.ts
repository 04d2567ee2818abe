/** The given properties, without those that are undefined. */
export const defined = <T extends object, Key extends keyof T>(from: T, keys: readonly Key[]) =>
  Object.fromEntries(keys.flatMap((key) => (from[key] === undefined ? [] : [[key, from[key]]]))) as {
    [K in Key]?: Exclude<T[K], undefined>;
  };
