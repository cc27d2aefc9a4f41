import { asc, eq } from 'drizzle-orm'
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

  /** By service name. */
  mappings(collector?: string): Promise<CollectorMapping[]> {
    return this.#db
      .select()
      .from(collectorMappings)
      .where(collector === undefined ? undefined : eq(collectorMappings.collector, collector))
      .orderBy(asc(collectorMappings.service))
  }

  async mapping(service: string): Promise<CollectorMapping | undefined> {
    const [row] = await this.#db.select().from(collectorMappings).where(eq(collectorMappings.service, service))
    return row
  }

  async map(mapping: CollectorMapping): Promise<void> {
    await this.#db
      .insert(collectorMappings)
      .values(mapping)
      .onConflictDoUpdate({ target: collectorMappings.service, set: { collector: mapping.collector } })
  }

  /** False when there was none. */
  async unmap(service: string): Promise<boolean> {
    const gone = await this.#db.delete(collectorMappings).where(eq(collectorMappings.service, service)).returning()
    return gone.length > 0
  }

  /** A collector that was never touched is off. */
  async enabled(name: string): Promise<boolean> {
    const [row] = await this.#db.select().from(collectorStates).where(eq(collectorStates.name, name))
    return row?.enabled ?? false
  }

  async setEnabled(name: string, enabled: boolean): Promise<void> {
    await this.#db
      .insert(collectorStates)
      .values({ name, enabled })
      .onConflictDoUpdate({ target: collectorStates.name, set: { enabled } })
  }
}
