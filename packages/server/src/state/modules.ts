import { eq, sql } from 'drizzle-orm'
import { audited, type Author } from './audit.ts'
import type { StateDatabase } from './database.ts'
import { modules } from './schema.ts'

export interface ModuleState {
  readonly enabled: boolean
  /** The higher, the earlier. */
  readonly priority: number
}

/** A module that was never touched is off, with priority 1; a stored priority of 0 reads as 1. As CloudKitty. */
const UNTOUCHED: ModuleState = { enabled: false, priority: 1 }

/** Which rating modules are on, and in which order. Takes effect with the next batch of every processor. */
export class Modules {
  readonly #db: StateDatabase

  constructor(db: StateDatabase) {
    this.#db = db
  }

  /** The states of the modules that were ever touched, by name. */
  async all(): Promise<ReadonlyMap<string, ModuleState>> {
    const rows = await this.#db.select().from(modules)
    return new Map(rows.map((row) => [row.name, { enabled: row.enabled, priority: row.priority || 1 }]))
  }

  async get(name: string): Promise<ModuleState> {
    return (await this.all()).get(name) ?? UNTOUCHED
  }

  /** Changes what is given and leaves the rest. */
  set(name: string, change: Partial<ModuleState>, author: Author): Promise<void> {
    return audited(this.#db, author, async (tx, record) => {
      const [row] = await tx.select().from(modules).where(eq(modules.name, name)).for('update')
      await tx
        .insert(modules)
        .values({ name, ...UNTOUCHED, ...change })
        .onConflictDoUpdate({ target: modules.name, set: { name: sql`excluded.name`, ...change } })
      const before = row ? { enabled: row.enabled, priority: row.priority } : { ...UNTOUCHED }
      await record({ action: 'update', kind: 'module', target: name, before, after: { ...before, ...change } })
    })
  }
}
