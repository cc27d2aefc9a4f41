import type { Logger } from 'pino'
import type { BackupParts } from '../backup/back-up.ts'
import { boundCollector } from '../collectors/bound-collector.ts'
import type { CollectorContext } from '../collectors/collector.ts'
import type { Config } from '../config/load-config.ts'
import { toInstant } from '../domain/period.ts'
import { keptFrom } from '../domain/retention.ts'
import { SeriesRegistry } from '../domain/series-registry.ts'
import type { Fetcher } from '../fetchers/fetcher.ts'
import { readBoot } from '../lib/boot.ts'
import { Disposer } from '../lib/disposer.ts'
import { sleep } from '../processor/clock.ts'
import { GuardedClock } from '../processor/guarded-clock.ts'
import { Processor } from '../processor/processor.ts'
import type { ActiveMetrics } from '../processor/rate-periods.ts'
import { Rechecker } from '../processor/rechecker.ts'
import { Reprocessor } from '../processor/reprocessor.ts'
import { Round } from '../processor/round.ts'
import { RatingPipeline } from '../rating/rating-pipeline.ts'
import { Batches } from '../state/batches.ts'
import { Maintenance } from '../state/maintenance.ts'
import type { StateDatabase } from '../state/database.ts'
import { Imports } from '../state/imports.ts'
import { Modules } from '../state/modules.ts'
import { Reprocesses } from '../state/reprocesses.ts'
import { Scopes } from '../state/scopes.ts'
import type { ScopeNames } from '../state/scope-names.ts'
import type { PointStore } from '../storage/point-store.ts'
import { watchWrites, WriteHealth } from '../storage/watch-writes.ts'
import { activate } from './active-metrics.ts'
import { backupOf, embeddedStores, finishRestore, listenForBackups, storeFolders } from './embedded-stores.ts'
import { openState } from './open-state.ts'
import { made, migrationsOf, openRatingModules } from './make-plugin.ts'
import { requireOwnPoints } from './require-own-points.ts'
import { Telemetry } from './telemetry.ts'
import type { HealthParts } from './why-unhealthy.ts'

/** The open stores and what stands on them: enough to answer, to import and to report. */
export interface Stores extends AsyncDisposable {
  readonly config: Config
  readonly log: Logger
  readonly telemetry: Telemetry
  readonly names: ScopeNames
  readonly db: StateDatabase
  readonly store: PointStore
  /** What `/healthcheck` goes by. */
  readonly health: HealthParts
  readonly batches: Batches
  readonly maintenance: Maintenance
  /** What a backup is made of; undefined where a store is a server. */
  readonly backup: BackupParts | undefined
  readonly scopes: Scopes
  readonly modules: Modules
  readonly imports: Imports
  readonly reprocesses: Reprocesses
  readonly pipeline: RatingPipeline
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
    const store = watchWrites(owned.use(await made('store', config.store, { events: telemetry.store })), writes)
    const modules = new Modules(db)
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
      names: {
        scopeKey: options.collect.scope_key,
        fetcher: config.fetcher.plugin.name,
        collector: config.collector.plugin.name,
      },
      db,
      store,
      health: { db, writes, folders: storeFolders(config) },
      batches,
      backup,
      maintenance,
      scopes: new Scopes(db),
      modules,
      imports: new Imports(db),
      reprocesses: new Reprocesses(db),
      pipeline: new RatingPipeline(
        await openRatingModules(config.ratingModules, { db, zone: options.collect.timezone }, owned),
        modules,
      ),
      [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
    }
  } catch (error) {
    await owned[Symbol.asyncDispose]()
    throw error
  }
}

/** What rates, with its collector and fetcher, and the means to give it other metrics while it runs. */
export interface ProcessorUnit extends AsyncDisposable {
  readonly round: Round
  setMetrics(metrics: Config['metrics']): void
}

export interface ProcessorSettings {
  /** The operator's word that the clock is right, whatever was believed before. */
  readonly trustClock?: boolean | undefined
}

export async function openProcessor(
  stores: Stores,
  { trustClock = false }: ProcessorSettings = {},
): Promise<ProcessorUnit> {
  const { config, db, batches, maintenance, scopes, reprocesses, pipeline, store, telemetry, names } = stores
  const { options } = config
  const owned = new Disposer()
  try {
    const context: CollectorContext = {
      scopeKey: names.scopeKey,
      periodSeconds: options.collect.period,
      series: new SeriesRegistry({ textBytesMax: options.storage.max_attribute_bytes }),
      samples: store,
      snapshot: () => batches.snapshot(),
      onSourceExchange: ({ source, status, seconds }) => telemetry.asked({ source, status: String(status), seconds }),
    }
    const found = owned.use(await made('collector', config.collector, context))
    const collector = boundCollector(found, options.orchestrator.collector_request_timeout)
    const fetcher: Fetcher = owned.use(await made('fetcher', config.fetcher, context))
    const skip = options.orchestrator.skip_datapoints_expression
    let active: ActiveMetrics = activate(config.metrics, skip, options.collect.timezone)
    const { processor: tuning } = options
    const discoverEverySeconds = Math.min(options.collect.period, DISCOVER_EVERY_SECONDS)
    const parts = {
      db,
      collector,
      pipeline,
      store,
      metrics: () => active,
      scopes,
      batches,
      events: telemetry.processor,
    }
    const common = {
      names,
      periodSeconds: options.collect.period,
      concurrency: tuning.concurrency,
      retrySeconds: { min: tuning.backoff_seconds_min, max: tuning.backoff_seconds_max },
      maxPoints: tuning.max_points_per_batch,
    }
    const processor = new Processor(
      { ...parts, fetcher },
      {
        ...common,
        waitPeriods: options.collect.wait_periods,
        begin: options.collect.begin,
        discoverEverySeconds,
        zone: options.collect.timezone,
        maxScopes: MAX_SCOPES,
        maxPeriods: MAX_PERIODS,
      },
    )
    const reprocessor = new Reprocessor({ ...parts, reprocesses }, common)
    const rechecker = new Rechecker(
      { ...parts, reprocesses },
      {
        ...common,
        keptFrom: () => keptFrom(toInstant(new Date()), options.storage.retention_period, options.collect.timezone),
      },
    )
    const clock = new GuardedClock(
      { db, stateTime: () => maintenance.now(), boot: readBoot, sleep, events: telemetry.processor },
      { trust: trustClock, retrySeconds: tuning.backoff_seconds_max, leaseSeconds: tuning.lease_seconds },
    )
    const round = new Round(
      { ...parts, processor, rechecker, reprocessor, maintenance, clock },
      {
        names,
        discoverEverySeconds,
        lookSeconds: tuning.look_seconds,
        keepHours: options.storage.retention_period,
        zone: options.collect.timezone,
        keepAuditDays: options.audit.retention_days,
      },
    )
    return {
      round,
      setMetrics(metrics) {
        active = activate(metrics, skip, options.collect.timezone)
      },
      [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
    }
  } catch (error) {
    await owned[Symbol.asyncDispose]()
    throw error
  }
}

/** How often a running service asks the fetcher for scopes, at least. */
const DISCOVER_EVERY_SECONDS = 300
/** Scopes of a batch at most: their claim is one transaction. */
const MAX_SCOPES = 5000
/** Periods of a batch at most: a month of hours. */
const MAX_PERIODS = 744
