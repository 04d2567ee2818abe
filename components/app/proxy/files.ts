/** The versions of a front end that are served, by the names of their folders. */
export interface Versions {
  /** Its index.html is the one that is served. */
  current: string;
  /** Its files are there for pages that are still open. @default - none */
  previous?: string;
}

/**
 * Nginx's file of a front end: `files/NAME.conf`. What is in no version is a page of the current one, which finds its own way
 * by the path; but a missing asset is 404, because a script that is HTML only confuses.
 *
 * @throws Error for a name that is no folder's.
 */
export function filesFile(name: string, { current, previous }: Versions): string {
  const found = [current, previous].filter((version) => version !== undefined).map((each) => `/${folder(each)}$uri`);
  return `root ${SITES}/${folder(name)};
charset utf-8;
try_files ${found.join(" ")} /${current}/$files_fallback =404;
add_header Cache-Control $files_cache;
`;
}

/** The versions in a file; undefined in one without. */
export function versionsIn(file: string): Versions | undefined {
  const [, first, second] = /^try_files \/([^$]+)\$uri(?: \/([^$]+)\$uri)? /m.exec(file) ?? [];
  return first === undefined ? undefined : { current: first, ...(second === undefined ? {} : { previous: second }) };
}

/** The file before there is a version. */
export const placeholderFiles = "return 503;\n";

/** Where front ends are mounted in the proxy's container, a folder each. */
export const SITES = "/sites";

/** What the files above need at the level of http: build tools put files with a hash of their content in their names in `assets`. */
export const filesMaps = `    map $uri $files_fallback {
        "~/assets/" "";
        default index.html;
    }
    map $uri $files_cache {
        "~/assets/" "public, max-age=31536000, immutable";
        default no-cache;
    }`;

function folder(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) return name;
  throw new Error(`${JSON.stringify(name)}: a folder should have a name of letters, digits, ".", "_" and "-"`);
}
