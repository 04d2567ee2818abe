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
 * SQL for psql, by the name of its file: `databases`, not for a transaction, before all else; `roles` and `grants`, before and
 * after what makes tables in the server's own database; `in-NAME` in each of the others. Roles have their rights already by
 * `roles`, so that there is no moment in which who is signed in has none; `grants` is for what default privileges do not reach.
 *
 * @param user the server's own role, which all of it is run by.
 * @param database the server's own database.
 */
export function roleFiles(user: string, database: string, databases: readonly string[], roles: Roles) {
  const own = rights(database, [user], roles);
  return {
    ...(databases.length === 0 ? {} : { databases: file(databases.flatMap(made)) }),
    ...(Object.keys(roles).length === 0
      ? {}
      : {
          roles: file([...Object.keys(roles).flatMap(signedIn), ...own.revoked, ...own.granted]),
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

/** A database, if it is not there. Nobody may connect to it who is not told so later. */
const made = (database: string) => [
  `select 'create database "${database}"' where not exists (select from pg_database where datname = '${database}') \\gexec`,
  `revoke all on database "${database}" from public;`,
];

/** A role, if it is not there, with its password. */
const signedIn = (role: string) => [
  `select 'create role "${role}"' where not exists (select from pg_roles where rolname = '${role}') \\gexec`,
  `\\set verifier \`cat /run/secrets/${role}.verifier\``,
  `alter role "${role}" login nosuperuser nocreatedb nocreaterole noreplication nobypassrls password :'verifier';`,
];

/**
 * What roles may do in one database. Taken from all first, also from those which sign in elsewhere and may have been here before;
 * an owner loses what it may do with its own tables by that, too.
 *
 * @param makers roles that make tables there: what they make later counts as well.
 */
function rights(database: string, makers: readonly string[], roles: Roles) {
  const nowAndLater = (act: string, kind: string, whom: string) => [
    `${act} all ${kind} in schema public ${whom};`,
    ...makers.map((maker) => `alter default privileges for role "${maker}" in schema public ${act} ${kind} ${whom};`),
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
 * What the server keeps of a password, and takes in its place: so no statement has the password in it, nor has a log of
 * statements. https://www.postgresql.org/docs/17/catalog-pg-authid.html
 */
export function scramVerifier(password: string, salt = randomBytes(16)): string {
  const iterations = 4096;
  const salted = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  const keyed = (text: string) => createHmac("sha256", salted).update(text).digest();
  const stored = createHash("sha256").update(keyed("Client Key")).digest("base64");
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${stored}:${keyed("Server Key").toString("base64")}`;
}
