import { eq } from 'drizzle-orm'
import { type Instant, toDate, toInstant } from '../domain/period.ts'
import type { BatchId } from '../domain/snapshot.ts'
import type { StateDatabase } from './database.ts'
import { imports } from './schema.ts'

/** A file that was imported. */
export interface Import {
  /** SHA-256 of its content, hex. */
  readonly digest: string
  readonly name: string
  readonly batch: BatchId
  readonly rows: number
  readonly firstAt: Instant | undefined
  readonly lastAt: Instant | undefined
}

/** Which files were imported: the same content is taken once. */
export class Imports {
  readonly #db: StateDatabase

  constructor(db: StateDatabase) {
    this.#db = db
  }

  async find(digest: string): Promise<Import | undefined> {
    const [row] = await this.#db.select().from(imports).where(eq(imports.digest, digest))
    return row && toImport(row)
  }

  async list(): Promise<Import[]> {
    return (await this.#db.select().from(imports).orderBy(imports.batch)).map(toImport)
  }
}

/** To be called inside the commit of the import's batch. Throws when the content was imported meanwhile. */
export async function recordImport(tx: StateDatabase, entry: Import): Promise<void> {
  await tx.insert(imports).values({
    digest: entry.digest,
    name: entry.name,
    batch: entry.batch,
    rows: entry.rows,
    firstAt: entry.firstAt === undefined ? null : toDate(entry.firstAt),
    lastAt: entry.lastAt === undefined ? null : toDate(entry.lastAt),
  })
}

function toImport(row: typeof imports.$inferSelect): Import {
  return {
    digest: row.digest,
    name: row.name,
    batch: row.batch,
    rows: row.rows,
    firstAt: row.firstAt ? toInstant(row.firstAt) : undefined,
    lastAt: row.lastAt ? toInstant(row.lastAt) : undefined,
  }
}
