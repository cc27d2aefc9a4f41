import { asc, eq } from 'drizzle-orm'
import { audited, type Author } from './audit.ts'
import type { StateDatabase } from './database.ts'
import { collectorMappings, collectorStates } from './schema.ts'

export interface CollectorMapping {
  readonly service: string
  readonly collector: string
}

/** CloudKitty's deprecated collector settings: stored and told, without effect on collection. */
export class Collectors {
  readonly #db: StateDatabase

  constructor(db: StateDatabase) {
    this.#db = db
  }

  /** By service name, as many as are asked for. */
  mappings(collector: string | undefined, limit: number): Promise<CollectorMapping[]> {
    return this.#db
      .select()
      .from(collectorMappings)
      .where(collector === undefined ? undefined : eq(collectorMappings.collector, collector))
      .orderBy(asc(collectorMappings.service))
      .limit(limit)
  }

  async mapping(service: string): Promise<CollectorMapping | undefined> {
    const [row] = await this.#db.select().from(collectorMappings).where(eq(collectorMappings.service, service))
    return row
  }

  map(mapping: CollectorMapping, author: Author): Promise<void> {
    const { service, collector } = mapping
    return audited(this.#db, author, async (tx, record) => {
      const [before] = await tx.select().from(collectorMappings).where(eq(collectorMappings.service, service))
      await tx
        .insert(collectorMappings)
        .values({ service, collector })
        .onConflictDoUpdate({ target: collectorMappings.service, set: { collector } })
      const action = before ? 'update' : 'create'
      await record({ action, kind: 'collector_mapping', target: service, before, after: { service, collector } })
    })
  }

  /** False when there was none. */
  unmap(service: string, author: Author): Promise<boolean> {
    return audited(this.#db, author, async (tx, record) => {
      const gone = await tx.delete(collectorMappings).where(eq(collectorMappings.service, service)).returning()
      await record(
        gone.map((before) => ({ action: 'delete', kind: 'collector_mapping', target: service, before }) as const),
      )
      return gone.length > 0
    })
  }

  /** A collector that was never touched is off. */
  async enabled(name: string): Promise<boolean> {
    const [row] = await this.#db.select().from(collectorStates).where(eq(collectorStates.name, name))
    return row?.enabled ?? false
  }

  setEnabled(name: string, enabled: boolean, author: Author): Promise<void> {
    return audited(this.#db, author, async (tx, record) => {
      const [row] = await tx.select().from(collectorStates).where(eq(collectorStates.name, name))
      await tx
        .insert(collectorStates)
        .values({ name, enabled })
        .onConflictDoUpdate({ target: collectorStates.name, set: { enabled } })
      const before = { enabled: row?.enabled ?? false }
      await record({ action: 'update', kind: 'collector_state', target: name, before, after: { enabled } })
    })
  }
}
