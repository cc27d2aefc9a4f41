import { boundCollector } from '../collectors/bound-collector.ts'
import type { CollectorContext } from '../collectors/collector.ts'
import type { Config } from '../config/load-config.ts'
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
import { activate } from './active-metrics.ts'
import { made } from './make-plugin.ts'
import type { Service } from './open-service.ts'

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
  service: Service,
  { trustClock = false }: ProcessorSettings = {},
): Promise<ProcessorUnit> {
  const { config, db, batches, maintenance, scopes, reprocesses, pipeline, store, telemetry, names, time } = service
  const { options } = config
  const owned = new Disposer()
  try {
    const context: CollectorContext = {
      scopeKey: names.scopeKey,
      periodSeconds: time.periodSeconds,
      series: new SeriesRegistry({ textBytesMax: options.storage.max_attribute_bytes }),
      samples: store,
      snapshot: () => batches.snapshot(),
      onSourceExchange: ({ source, status, seconds }) => telemetry.asked({ source, status: String(status), seconds }),
    }
    const found = owned.use(await made('collector', config.collector, context))
    const collector = boundCollector(found, options.orchestrator.collector_request_timeout)
    const fetcher: Fetcher = owned.use(await made('fetcher', config.fetcher, context))
    const skip = options.orchestrator.skip_datapoints_expression
    let active: ActiveMetrics = activate(config.metrics, skip, time.zone)
    const { processor: tuning } = options
    const discoverEverySeconds = Math.min(time.periodSeconds, DISCOVER_EVERY_SECONDS)
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
      periodSeconds: time.periodSeconds,
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
        zone: time.zone,
        maxScopes: MAX_SCOPES,
        maxPeriods: MAX_PERIODS,
      },
    )
    const reprocessor = new Reprocessor({ ...parts, reprocesses }, common)
    const rechecker = new Rechecker({ ...parts, reprocesses }, { ...common, keptFrom: time.keptFrom })
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
        zone: time.zone,
        keepAuditDays: options.audit.retention_days,
      },
    )
    return {
      round,
      setMetrics(metrics) {
        active = activate(metrics, skip, time.zone)
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
