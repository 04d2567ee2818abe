/** A database that `init` can write into a project. */
export interface Database {
  /** What it is for, in the question. */
  hint: string;
  /** Its class. */
  component: string;
  /** What the program calls it, and with that the application: `DATABASE_URL_FILE`. */
  reference: string;
  /** Settings of the dev environment: the ports on the host. */
  dev: Record<string, number>;
}

/** By the names that a user chooses. */
export const DATABASES = {
  postgres: { hint: "relational", component: "Postgres", reference: "database", dev: { hostPort: 5432 } },
  redis: { hint: "cache, queues", component: "Redis", reference: "cache", dev: { hostPort: 6379 } },
  neo4j: { hint: "graph", component: "Neo4j", reference: "graph", dev: { hostPort: 7687, httpHostPort: 7474 } },
  qdrant: { hint: "vectors", component: "Qdrant", reference: "vectors", dev: { hostPort: 6333 } },
  minio: {
    hint: "files, S3",
    component: "Minio",
    reference: "storage",
    dev: { hostPort: 9000, consoleHostPort: 9001 },
  },
  ollama: { hint: "language models", component: "Ollama", reference: "models", dev: { hostPort: 11434 } },
} satisfies Record<string, Database>;
export type DatabaseName = keyof typeof DATABASES;

export const isDatabase = (name: string): name is DatabaseName => Object.hasOwn(DATABASES, name);
