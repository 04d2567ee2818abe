import { z } from "zod";
import { RequestError } from "./errors.ts";

/** A text that PostgreSQL can store: it cannot store U+0000. */
export const text = () => z.string().regex(/^[^\0]*$/, "should not hold U+0000");

/** How many to answer with. */
export const limit = () => z.coerce.number().int().min(1).max(100).default(20);

const Params = z.object({
  id: z
    .string()
    .regex(/^[1-9]\d{0,14}$/, "should be a positive whole number")
    .transform(Number),
});

/** The note's id in a request's path. */
export function idOf({ params }: { params: unknown }): number {
  return parse(Params, params).id;
}

/** @throws RequestError with every fault. */
export function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const faults = result.error.issues.map(({ path, message }) => `${path.join(".") || "request"}: ${message}`);
  throw new RequestError(400, faults.join("; "));
}

export function missing(id: number): never {
  throw new RequestError(404, `no note ${id}`);
}
