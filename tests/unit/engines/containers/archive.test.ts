import fc from "fast-check";
import { extract } from "tar-stream";
import { expect, test } from "vitest";
import { archiveOf, type FileInVolume } from "../../../../components/engines/containers/api.ts";

/** @returns the entries of an archive, in its order. */
async function unpacked(archive: Buffer) {
  const entries: { name: string; type: string; mode: number; content: Buffer }[] = [];
  const tar = extract();
  tar.end(archive);
  for await (const entry of tar) {
    const { name, type, mode } = entry.header;
    entries.push({
      name,
      type: String(type),
      mode: Number(mode),
      content: Buffer.concat((await Array.fromAsync(entry)) as Buffer[]),
    });
  }
  return entries;
}

const FOR_ALL = { mode: 0o444, uid: 0, gid: 0 };
const readable = (files: Record<string, string | Buffer>): FileInVolume[] =>
  Object.entries(files).map(([name, content]) => ({ name, content, ...FOR_ALL }));

test("any bytes and any text arrive unchanged", async () => {
  const bytes = fc.uint8Array({ maxLength: 5_000 }).map((each) => Buffer.from(each));
  const text = fc.string({ unit: "grapheme" });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(bytes, text), { minLength: 1, maxLength: 4 }), async (contents) => {
      const files = Object.fromEntries(contents.map((content, at) => [`${at}`, content]));
      const arrived = await unpacked(await archiveOf(readable(files)));
      expect(arrived.map(({ content }) => content.toString("hex"))).toEqual(
        contents.map((content) => Buffer.from(content as Buffer).toString("hex")),
      );
    }),
  );
});

test("any name of a file arrives unchanged", async () => {
  const part = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 80 })
    .filter((name) => !/[/\0]/.test(name) && ![".", ".."].includes(name) && name.isWellFormed());
  await fc.assert(
    fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 4 }), async (parts) => {
      const name = parts.join("/");
      expect((await unpacked(await archiveOf(readable({ [name]: "" })))).at(-1)?.name).toBe(name);
    }),
  );
});

test("folders come before their content, each once, and everybody can read them", async () => {
  const archive = await archiveOf(readable({ "a/b/c.sql": "1", "a/d.sql": "2", "e.sql": "3" }));
  expect((await unpacked(archive)).map(({ name, type, mode }) => `${name} ${type} ${mode.toString(8)}`)).toEqual([
    "a/ directory 755",
    "a/b/ directory 755",
    "a/b/c.sql file 444",
    "a/d.sql file 444",
    "e.sql file 444",
  ]);
});

test.each(["../a", "a/../../b", "/a", "a//b", "a/.", ""])(
  "a file that would leave its folder is refused: %j",
  async (name) => {
    await expect(archiveOf(readable({ [name]: "" }))).rejects.toThrow(
      `A file should have a path below its folder, got ${JSON.stringify(name)}`,
    );
  },
);
