import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";

/** Destinations of this machine's routes, in CIDR form: of the kernel's table where that can be read, else of its own addresses. */
export function localRoutes(): string[] {
  try {
    return routesOf(readFileSync("/proc/net/route", "utf8"));
  } catch {
    return Object.values(networkInterfaces()).flatMap((all = []) => all.flatMap(({ cidr }) => cidr ?? []));
  }
}

/** Linux's table: addresses as hexadecimal numbers, their last part first. */
export function routesOf(table: string): string[] {
  return table
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => {
      const [, destination = "", , , , , , mask = ""] = line.split(/\s+/);
      const parts = (hex: string) => (hex.match(/../g) ?? []).toReversed().map((part) => Number.parseInt(part, 16));
      const bits = parts(mask).reduce((sum, part) => sum + part.toString(2).replaceAll("0", "").length, 0);
      return `${parts(destination).join(".")}/${bits}`;
    });
}
