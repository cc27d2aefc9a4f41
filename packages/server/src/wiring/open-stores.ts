import type { Logger } from 'pino'
import type { BackupParts } from '../backup/back-up.ts'
import type { Config } from '../config/load-config.ts'
import { Disposer } from '../lib/disposer.ts'
import { Batches } from '../state/batches.ts'
import type { StateDatabase } from '../state/database.ts'
import { Maintenance } from '../state/maintenance.ts'
import type { PointStore } from '../storage/point-store.ts'
import { watchWrites, WriteHealth } from '../storage/watch-writes.ts'
import { backupOf, embeddedStores, finishRestore, listenForBackups, storeFolders } from './embedded-stores.ts'
import { made, migrationsOf } from './make-plugin.ts'
import { openState } from './open-state.ts'
import { requireOwnPoints } from './require-own-points.ts'
import { Telemetry } from './telemetry.ts'
import type { HealthParts } from './why-unhealthy.ts'

/** What was opened: both stores, and what is told of them. `open-service.ts` says what stands on it. */
export interface Stores extends AsyncDisposable {
  readonly config: Config
  readonly log: Logger
  readonly telemetry: Telemetry
  readonly db: StateDatabase
  readonly store: PointStore
  /** What `/healthcheck` goes by. */
  readonly health: HealthParts
  readonly batches: Batches
  readonly maintenance: Maintenance
  /** What a backup is made of; undefined where a store is a server. */
  readonly backup: BackupParts | undefined
}

/**
 * Opens both stores. Throws a fault that says what to do when they are taken, unwritable or unreachable, or do not belong
 * together. While embedded stores are open, `cloudtabbyd backup` can ask for a copy of them.
 */
export async function openStores(
  config: Config,
  log: Logger,
  { reconciling = false }: { readonly reconciling?: boolean } = {},
): Promise<Stores> {
  const owned = new Disposer()
  try {
    const { options } = config
    const embedded = embeddedStores(config)
    if (embedded) await finishRestore(embedded)
    const state = owned.use(await openState(options.state, log, migrationsOf(config.ratingModules)))
    const { db } = state
    const telemetry = new Telemetry(log)
    const writes = new WriteHealth()
    const context = { events: telemetry.store, answerSeconds: options.api.answer_timeout }
    const store = watchWrites(owned.use(await made('store', config.store, context)), writes)
    const batches = new Batches(db, {
      owner: `${options.DEFAULT.host}:${process.pid}`,
      leaseSeconds: options.processor.lease_seconds,
    })
    // Embedded state is this process's alone: whoever held a lease in it was killed.
    if (options.state.url.kind === 'embedded') await batches.abandonAll()
    const where = config.store.plugin.whereabouts(config.store.options)
    if (!reconciling) await requireOwnPoints({ db, batches, store, log, scopeKey: options.collect.scope_key, where })
    const maintenance = new Maintenance(db)
    const backup = embedded && backupOf(state, store, { maintenance, events: telemetry.backup })
    if (backup) owned.use(await listenForBackups(embedded, backup))
    return {
      config,
      log,
      telemetry,
      db,
      store,
      health: { db, writes, folders: storeFolders(config) },
      batches,
      backup,
      maintenance,
      [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
    }
  } catch (error) {
    await owned[Symbol.asyncDispose]()
    throw error
  }
}
