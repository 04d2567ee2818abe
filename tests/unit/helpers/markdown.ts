// Parts of pages in Markdown.

/** @returns a table; each cell in one line. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replace(/\s*\n\s*/g, " ").replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

/** @returns a comment's text with a line for each of its paragraphs and of its list's entries. */
export const paragraphs = (text: string) => text.replace(/([^\n])\n(?![\n-])/g, "$1 ");

/** @returns a default in a table: a value, or else what the docstring says: a value too, or words after a dash. */
export function defaultCell(value: unknown, said: string | undefined, otherwise: string): string {
  if (value !== undefined) return `\`${JSON.stringify(value)}\``;
  if (said === undefined) return otherwise;
  return said.startsWith("- ") ? said.slice(2) : `\`${said}\``;
}

/** @returns where a heading can be linked to. */
export const anchor = (heading: string) =>
  `#${heading
    .toLowerCase()
    .replace(/[^\w -]/g, "")
    .replaceAll(" ", "-")}`;

export const link = (heading: string, text = heading) => `[${text}](${anchor(heading)})`;
