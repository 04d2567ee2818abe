import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

/** What a role may do with its database, the tables there, and the sequences that number their rows. */
const GRANTS = {
  none: { database: "connect" },
  read: { database: "connect", tables: "select", sequences: "select" },
  write: { database: "connect", tables: "select, insert, update, delete", sequences: "usage, select" },
  own: { database: "all", tables: "all", sequences: "all" },
};

/** The database that a role signs in to, and what it may do there. */
export interface Role {
  database: string;
  may: keyof typeof GRANTS;
}
type Roles = Record<string, Role>;

/**
 * SQL for psql, by file name. `databases` is run first, and not in a transaction; `roles` and `grants` before and after what makes
 * tables in the server's own database; `in-NAME` in each of the other databases. `roles` grants all rights already, so that a client
 * that is signed in never has none; `grants` adds those that default privileges do not reach.
 *
 * @param user the server's own role, which runs all of it.
 * @param database the server's own database.
 */
export function roleFiles(user: string, database: string, databases: readonly string[], roles: Roles) {
  const own = rights(database, [user], roles);
  return {
    ...(databases.length === 0 ? {} : { databases: file(databases.flatMap(createDatabase)) }),
    ...(Object.keys(roles).length === 0
      ? {}
      : {
          roles: file([...Object.keys(roles).flatMap(createRole), ...own.revoked, ...own.granted]),
          grants: file(own.granted),
        }),
    ...Object.fromEntries(
      databases.map((name) => {
        const [owner = user] = Object.keys(roles).filter((role) => owns(roles[role], name));
        const { revoked, granted } = rights(name, [...new Set([user, owner])], roles);
        return [`in-${name}`, file([`alter database "${name}" owner to "${owner}";`, ...revoked, ...granted])];
      }),
    ),
  };
}

const owns = (role: Role | undefined, database: string) => role?.may === "own" && role.database === database;

const file = (lines: string[]) => lines.map((line) => `${line}\n`).join("");

/** A database, if it is missing. Nobody may connect to it before that is granted. */
const createDatabase = (database: string) => [
  `select 'create database "${database}"' where not exists (select from pg_database where datname = '${database}') \\gexec`,
  `revoke all on database "${database}" from public;`,
];

/** A role, if it is missing, and its password. */
const createRole = (role: string) => [
  `select 'create role "${role}"' where not exists (select from pg_roles where rolname = '${role}') \\gexec`,
  `\\set verifier \`cat /run/secrets/${role}.verifier\``,
  `alter role "${role}" login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password :'verifier';`,
];

/**
 * The rights of roles in one database. All rights are revoked first, also from roles of other databases, which may have had rights
 * here before; that takes even an owner's rights on its own tables.
 *
 * @param makers roles that make tables there: the rights extend to what these make later.
 */
function rights(database: string, makers: readonly string[], roles: Roles) {
  const nowAndLater = (act: string, kind: string, grantee: string) => [
    `${act} all ${kind} in schema public ${grantee};`,
    ...makers.map(
      (maker) => `alter default privileges for role "${maker}" in schema public ${act} ${kind} ${grantee};`,
    ),
  ];
  const revoked = Object.keys(roles).flatMap((role) => [
    `revoke all on database "${database}" from "${role}";`,
    ...["tables", "sequences"].flatMap((kind) => nowAndLater("revoke all on", kind, `from "${role}"`)),
  ]);
  const granted = Object.entries(roles)
    .filter(([, role]) => role.database === database)
    .flatMap(([role, { may }]) => {
      const { database: connect, ...rest } = GRANTS[may];
      return [
        `grant ${connect} on database "${database}" to "${role}";`,
        `grant usage on schema public to "${role}";`,
        ...Object.entries(rest).flatMap(([kind, what]) => nowAndLater(`grant ${what} on`, kind, `to "${role}"`)),
      ];
    });
  return { revoked, granted };
}

/**
 * What the server stores of a password, and accepts in its place: so no statement, and no log of statements, has the password in
 * it. https://www.postgresql.org/docs/17/catalog-pg-authid.html
 */
export function scramVerifier(password: string, salt = randomBytes(16)): string {
  const iterations = 4096;
  const salted = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  const keyed = (text: string) => createHmac("sha256", salted).update(text).digest();
  const stored = createHash("sha256").update(keyed("Client Key")).digest("base64");
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${stored}:${keyed("Server Key").toString("base64")}`;
}
