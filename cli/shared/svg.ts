// What all pictures share: colours for light and dark, one font, and nothing that differs from machine to machine.

/** By purpose: a colour for the light scheme, and one for the dark. */
const COLOURS = {
  page: ["#ffffff", "#0d1117"],
  edge: ["#d1d9e0", "#3d444d"],
  region: ["#f6f8fa", "#151b23"],
  text: ["#1f2328", "#f0f6fc"],
  quiet: ["#59636e", "#9198a1"],
  line: ["#818b98", "#7d8590"],
  blue: ["#0969da", "#4493f8"],
  blueTint: ["#ddf4ff", "#11253f"],
  violet: ["#8250df", "#ab7df8"],
  violetTint: ["#f5edff", "#231a3d"],
  pink: ["#bf3989", "#db61a2"],
  pinkTint: ["#ffeff7", "#351a2b"],
  green: ["#1a7f37", "#3fb950"],
  amber: ["#bf8700", "#d29922"],
  red: ["#cf222e", "#f85149"],
  grey: ["#afb8c1", "#656c76"],
} as const;

export type Colours = Record<keyof typeof COLOURS, string>;

/** A browser takes the first of these that it has. */
const FONT = 'ui-sans-serif, system-ui, -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif';
const MARGIN = 20;

/** Wide enough in every font that is likely: nothing is measured, so that the picture is the same everywhere. */
export const textWidth = (text: string) => Math.ceil(text.length * 6.3);
export const strongWidth = (text: string) => Math.ceil(text.length * 8.9);

export const escaped = (text: string) =>
  text.replace(/[&<>"]/g, (each) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[each] ?? each);

export interface Picture {
  title: string;
  /** What the picture shows, in words, for people who cannot see it. */
  description: string;
  width: number;
  height: number;
  /** Rules for the classes of the body; `.text`, `.quiet` and `.strong` have theirs already. */
  css: (colours: Colours) => string;
  /** Lines of SVG, drawn with a margin around them. */
  body: string[];
}

export function svg({ title, description, width, height, css, body }: Picture): string {
  const [fullWidth, fullHeight] = [Math.ceil(width + 2 * MARGIN), Math.ceil(height + 2 * MARGIN)];
  const rules = (scheme: 0 | 1) => {
    const colours = Object.fromEntries(Object.entries(COLOURS).map(([name, pair]) => [name, pair[scheme]])) as Colours;
    const common = `.page{fill:${colours.page};stroke:${colours.edge}}.text{fill:${colours.text}}.quiet{fill:${colours.quiet}}`;
    return `${common}${css(colours).replace(/\n\s*/g, "")}`;
  };
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${fullWidth} ${fullHeight}" width="${fullWidth}" height="${fullHeight}" role="img" aria-labelledby="title description">`,
    `<title id="title">${escaped(title)}</title>`,
    `<desc id="description">${escaped(description)}</desc>`,
    "<style>",
    `text{font:12px ${FONT}}.strong{font-size:14px;font-weight:600}.middle{text-anchor:middle}.end{text-anchor:end}`,
    rules(0),
    `@media (prefers-color-scheme:dark){${rules(1)}}`,
    "</style>",
    `<rect class="page" x="0.5" y="0.5" width="${fullWidth - 1}" height="${fullHeight - 1}" rx="12"/>`,
    `<g transform="translate(${MARGIN} ${MARGIN})">`,
    ...body,
    "</g>",
    "</svg>",
  ].join("\n")}\n`;
}

/** One entry of a legend: a sample, `width` pixels wide and 16 high, and what it means. */
export interface LegendEntry {
  width: number;
  draw: (x: number, y: number) => string;
  text: string;
}

/** Entries side by side, in as many rows as they need. */
export function legend(
  entries: readonly LegendEntry[],
  width: number,
  top: number,
): { body: string[]; height: number } {
  let [x, y] = [0, top];
  const body = entries.map(({ width: sample, draw, text }) => {
    const needed = sample + 8 + textWidth(text);
    if (x > 0 && x + needed > width) [x, y] = [0, y + 26];
    const drawn = `${draw(x, y)}<text class="quiet" x="${x + sample + 8}" y="${y + 12}">${escaped(text)}</text>`;
    x += needed + 20;
    return drawn;
  });
  return { body, height: y + 16 - top };
}
