import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { DATABASES, type DatabaseName } from "./databases.ts";

/** What a project is to be. */
export interface ProjectPlan {
  /** Of the Pulumi project: in the names of containers, networks, volumes and images. */
  name: string;
  databases: readonly DatabaseName[];
  /** Whether it has a small API, to begin with. */
  api: boolean;
}

const STARTER = fileURLToPath(new URL("../../examples/starter/", import.meta.url));

/** The files of a project, by their paths in its folder, but for package.json. */
export function projectFiles(plan: ProjectPlan): Record<string, string> {
  const copied = globSync("**", { cwd: STARTER, withFileTypes: true })
    .filter((each) => each.isFile() && each.name !== "README.md")
    .map((each) => `${each.parentPath}/${each.name}`.slice(STARTER.length))
    .filter((path) => plan.api || !path.startsWith("api/"))
    .map((path) => [path === "gitignore" ? ".gitignore" : path, readFileSync(`${STARTER}${path}`, "utf8")] as const);
  return {
    ...Object.fromEntries(copied),
    "Pulumi.yaml": pulumiYaml(plan),
    "Pulumi.dev.yaml": devSettings(plan),
    "Pulumi.prod.yaml": prodSettings(plan),
    "stacks/app.ts": stackProgram(plan),
  };
}

const pulumiYaml = ({ name }: ProjectPlan) => `name: ${name}
runtime:
  name: nodejs
  options:
    # Node.js strips the types itself; \`npx tsc\` checks them.
    typescript: false
    # Loads only what is used of Pulumi's SDK.
    nodeargs: --import stackyard/lean --max-semi-space-size=32
main: index.ts
config:
  pulumi:autonaming:
    value:
      pattern: \${project}-\${stack}-\${name}-\${hex(6)}
  program:
    description: "Which stack program is deployed: the name of a file, or of a folder, in stacks/."
    default: app
  environment:
    description: "\`dev\`, or \`prod\`, which protects data."
    default: dev
`;

const API_PORTS = { api: { hostPort: 3000 } };

const settingsFile = (project: string, settings: Record<string, unknown>) =>
  stringify({
    config: Object.fromEntries(Object.entries(settings).map(([key, value]) => [`${project}:${key}`, value])),
  });

const devSettings = ({ name, databases, api }: ProjectPlan) =>
  settingsFile(name, {
    environment: "dev",
    ...Object.fromEntries(databases.map((each) => [each, DATABASES[each].dev])),
    ...(api ? API_PORTS : {}),
  });

const prodSettings = ({ name, api }: ProjectPlan) =>
  settingsFile(name, { environment: "prod", ...(api ? API_PORTS : {}) });

function stackProgram({ databases, api }: ProjectPlan): string {
  const all = databases.map((name) => ({ name, ...DATABASES[name] }));
  const imports = [...all.map(({ component }) => component), ...(api ? ["Api"] : []), "Platform", "SettingsOf"].sort();
  const names = imports.map((each) => (["Platform", "SettingsOf"].includes(each) ? `type ${each}` : each));
  const settings = [...all, ...(api ? [{ name: "api", component: "Api" }] : [])];
  const references = all.map(({ reference }) => reference).join(", ");
  const uses = `    // Tells it of each (DATABASE_HOST, DATABASE_URL_FILE, …), and starts it once all of them answer.
    uses: { ${references} },
`;
  const application = `  const api = new Api("api", {
    platform,
    build: { context: "api", images: { NODE_IMAGE: { registry: "node:24-slim", packages: "node" } } },
${all.length > 0 ? uses : ""}    probe: ["node", "probe.ts"],
    // In dev, a changed file is live at once.
    develop: { mounts: { api: "/app" }, command: ["node", "--watch", "server.ts"] },
    ...options.api,
  });
`;
  const returned = [...all.map(({ name, reference }) => `${name}: ${reference}`), ...(api ? ["api"] : [])];
  return `import { ${names.join(", ")} } from "stackyard";
import { z } from "zod";

/** What can be set, in Pulumi.dev.yaml and its like: the options of each component. */
export const settings = z.strictObject({
${settings.map(({ name, component }) => `  ${name}: ${component}.settings.prefault({}),\n`).join("")}});

/** What is deployed. A reference in \`uses\` is the only way to connect. */
export function program(platform: Platform, options: SettingsOf<typeof settings>) {
${all.map(({ name, component, reference }) => `  const ${reference} = new ${component}("${name}", { platform, ...options.${name} });\n`).join("")}${api ? application : ""}
  return { ${returned.join(", ")} };
}
`;
}
