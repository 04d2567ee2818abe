import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";

/** Where this machine's routes lead, in CIDR form: those of the kernel where it tells them, else the networks it has an address in. */
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
