import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";

// Imports go one way: index → stacks → components/{databases,jobs,app} → components/core → components/engines.

interface File {
  path: string;
  /** Of our own, relative to the top. */
  ours: string[];
  /** Of packages and Node.js. */
  packages: string[];
  /** Every name in it, and every property by its whole path, as `pulumi.Config`. */
  uses: string[];
}

const FOLDERS = ["stacks", "components"];
const FILES = ["index.ts", ...FOLDERS.flatMap((folder) => below(folder))].map(parsed);

function below(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => `${folder}/${path}`);
}

function parsed(path: string): File {
  const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.ESNext, true);
  const specifiers: string[] = [];
  const uses: string[] = [];
  const visit = (node: ts.Node): void => {
    const from = ts.isImportDeclaration(node) || ts.isExportDeclaration(node) ? node.moduleSpecifier : undefined;
    if (from && ts.isStringLiteral(from)) {
      specifiers.push(from.text);
    }
    const [argument] =
      ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword ? node.arguments : [];
    if (argument) specifiers.push(ts.isStringLiteral(argument) ? argument.text : "?");
    if (ts.isPropertyAccessExpression(node)) uses.push(node.getText());
    if (ts.isIdentifier(node)) uses.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  const own = (specifier: string) => specifier.startsWith(".");
  const fromTop = (specifier: string) => relative(".", resolve(dirname(path), specifier));
  return {
    path,
    ours: specifiers.filter(own).map(fromTop),
    packages: specifiers.filter((specifier) => !own(specifier)),
    uses,
  };
}

/** Which files import something that their place does not allow. */
const offenders = (of: (path: string) => boolean, allowed: (imported: string, path: string) => boolean) =>
  FILES.filter(({ path }) => of(path)).flatMap(({ path, ours }) =>
    ours.filter((imported) => !allowed(imported, path)).map((imported) => `${path} imports ${imported}`),
  );
const under =
  (...places: string[]) =>
  (path: string) =>
    places.some((place) => path === place || path.startsWith(`${place}/`));
const COMPONENTS = ["databases", "jobs", "app"].map((folder) => `components/${folder}`);

test("there are files to look at, and every import of ours is a file that is there", () => {
  expect(FILES.map(({ path }) => path)).toEqual(
    expect.arrayContaining([
      "index.ts",
      "stacks/polyglot.ts",
      "components/core/platform.ts",
      "components/engines/containers/api.ts",
    ]),
  );
  expect(
    FILES.flatMap(({ path, ours }) => ours.filter((file) => !existsSync(file)).map((file) => `${path}: ${file}`)),
  ).toEqual([]);
  expect(FILES.flatMap(({ ours }) => ours).length).toBeGreaterThan(50);
});

describe("each place imports what is below it", () => {
  test("index.ts: the components' public side; it finds stack programs by name", () => {
    expect(offenders(under("index.ts"), under("components/index.ts"))).toEqual([]);
  });

  test("stacks: a program's own folder and the components' public side", () => {
    const allowed = under("components/index.ts");
    const own = (imported: string, path: string) => dirname(path) !== "stacks" && under(dirname(path))(imported);
    expect(offenders(under("stacks"), (imported, path) => allowed(imported) || own(imported, path))).toEqual([]);
  });

  test("components/index.ts: components, core, and what finds stack programs", () => {
    const allowed = under("components/core", "components/program", ...COMPONENTS);
    expect(offenders(under("components/index.ts"), allowed)).toEqual([]);
  });

  test("what finds stack programs: core, and how commands are typed; it knows no component", () => {
    const allowed = under("components/core", "components/program", "components/engines/command-line.ts");
    expect(offenders(under("components/program"), allowed)).toEqual([]);
    // What nobody knows the name of but the settings.
    expect(FILES.flatMap(({ path, packages }) => (packages.includes("?") ? [path] : []))).toEqual([
      "components/program/program.ts",
    ]);
  });

  test("components: core, not engines", () => {
    const allowed = under("components/core", ...COMPONENTS);
    expect(offenders(under(...COMPONENTS), allowed)).toEqual([]);
  });

  test("core: core, and of engines what all have in common; only the platform finds one", () => {
    const common = /^components\/engines\/[\w-]+\.ts$/;
    const finders = ["components/core/platform.ts", "components/core/docker.ts"];
    const allowed = (imported: string, path: string) =>
      under("components/core")(imported) || common.test(imported) || finders.includes(path);
    expect(offenders(under("components/core"), allowed)).toEqual([]);
  });

  test("engines: engines alone", () => {
    expect(offenders(under("components/engines"), under("components/engines"))).toEqual([]);
  });

  test("no circle of files, types included", () => {
    const graph = new Map(FILES.map(({ path, ours }) => [path, ours]));
    const circles: string[] = [];
    const done = new Set<string>();
    const walk = (path: string, trail: string[]): void => {
      if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(" → "));
      if (done.has(path) || trail.includes(path)) return;
      for (const next of graph.get(path) ?? []) walk(next, [...trail, path]);
      done.add(path);
    };
    for (const { path } of FILES) walk(path, []);
    expect(circles).toEqual([]);
  });
});

test("a component knows no other, but a job the database that it sets up", () => {
  const among = offenders(under(...COMPONENTS), (imported, path) => {
    if (!under(...COMPONENTS)(imported)) return true;
    // Jobs share what they run their programs by, and an Api is a Container. What a proxy consists of has a folder.
    const parts = under("components/app")(path) && under("components/app/proxy")(imported);
    const both = dirname(imported) === dirname(path) && dirname(path) !== "components/databases";
    const [, database = ""] = /^components\/jobs\/(\w+)-(?:setup|models)\.ts$/.exec(path) ?? [];
    return both || parts || imported === `components/databases/${database}.ts`;
  });
  expect(among).toEqual([]);
});

describe("who may know what", () => {
  const importing = (name: RegExp) =>
    FILES.filter(({ packages }) => packages.some((each) => name.test(each))).map(({ path }) => path);

  test("of @pulumi/docker: the engine", () => {
    expect(importing(/^@pulumi\/docker/).filter((path) => !path.startsWith("components/engines/containers/"))).toEqual(
      [],
    );
  });

  test("of @pulumi/random: secrets", () => {
    expect(importing(/^@pulumi\/random/)).toEqual(["components/core/secret.ts"]);
  });

  test("of dockerode: the engine's API", () => {
    expect(importing(/^dockerode/)).toEqual(["components/engines/containers/api.ts"]);
  });

  test("of the configuration: components/program/settings.ts", () => {
    const readers = FILES.filter(({ uses }) =>
      uses.some((each) => /^(pulumi\.Config|allConfig|getConfig|PULUMI_CONFIG)$/.test(each)),
    );
    expect(readers.map(({ path }) => path)).toEqual(["components/program/settings.ts"]);
  });

  test("of vitest, or of the tests: nobody", () => {
    expect(importing(/^vitest/)).toEqual([]);
    expect(FILES.flatMap(({ ours }) => ours).filter(under("tests", "cli"))).toEqual([]);
  });
});

test("every import of a package is one that package.json has, or in stacks this one", () => {
  const { name, dependencies, peerDependencies } = JSON.parse(readFileSync("package.json", "utf8")) as {
    name: string;
    dependencies: object;
    peerDependencies: object;
  };
  const own = new RegExp(`^${name}(/|$)`);
  const named = FILES.flatMap(({ path, packages }) =>
    under("stacks")(path) ? packages.filter((each) => !own.test(each)) : packages,
  ).filter((each) => !each.startsWith("node:") && each !== "?");
  const packages = new Set(
    named.map((name) =>
      name
        .split("/")
        .slice(0, name.startsWith("@") ? 2 : 1)
        .join("/"),
    ),
  );
  expect([...packages].filter((name) => !(name in dependencies) && !(name in peerDependencies))).toEqual([]);
});

test("the public side exports each component, and nothing that is not there for users", async () => {
  expect(Object.keys(await import("../../components/index.ts")).sort()).toEqual([
    "Api",
    "ArgsError",
    "Container",
    "Frontend",
    "Migration",
    "Minio",
    "MinioSetup",
    "Neo4j",
    "Neo4jSetup",
    "Ollama",
    "OllamaModels",
    "Platform",
    "Postgres",
    "PostgresSetup",
    "Qdrant",
    "QdrantSetup",
    "Redis",
    "ReverseProxy",
    "SetupJob",
    "Volume",
    "deploy",
    "external",
    "password",
    "switchable",
  ]);
});
