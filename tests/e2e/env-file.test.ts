import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { envLine } from "../../cli/shared/env-file.ts";
import { docker } from "./harness.ts";

// Docker Compose reads what `make env` writes; the unit tests try a shell and Node.js.

test("Docker Compose reads every value exactly", async () => {
  const folder = mkdtempSync(join(tmpdir(), "stackyard-e2e-env-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const character = fc.oneof(
    fc.constantFrom(..." \"'\\$`#*()!&;|<>~%=@:/{}[]?^\t"),
    fc.string({ minLength: 1, maxLength: 1 }),
    fc.constantFrom("é", "漢", "🙂"),
  );
  const values = fc.sample(fc.string({ unit: character }), 2_000);
  const carried = values.flatMap((value, at) => {
    const line = envLine(`V${at}`, value);
    return line === undefined ? [] : [{ name: `V${at}`, value, line }];
  });
  writeFileSync(join(folder, ".env"), `# head\n${carried.map(({ line }) => line).join("\n")}\n`);
  writeFileSync(join(folder, "compose.yaml"), "services: { one: { image: none, env_file: .env } }\n");
  const { code, stdout, output } = await docker([
    "compose",
    "--project-directory",
    folder,
    "config",
    "--format",
    "json",
  ]);
  expect(code, output).toBe(0);
  const { environment } = (JSON.parse(stdout) as { services: { one: { environment: Record<string, string> } } })
    .services.one;
  // Compose writes $ as $$, as a Compose file has to.
  const read = Object.entries(environment).map(([name, value]) => [name, value.replaceAll("$$", "$")]);
  expect(Object.fromEntries(read)).toEqual(Object.fromEntries(carried.map(({ name, value }) => [name, value])));
});
