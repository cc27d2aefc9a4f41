import { setTimeout as sleep } from 'node:timers/promises'
import { type Instant, toInstant } from '../domain/period.ts'
import { measureResets } from '../processor/measure-resets.ts'
import { type RunSummary } from '../processor/processor.ts'
import { forgetPast } from '../processor/retention.ts'
import { sweep } from '../processor/sweep.ts'
import { purgeAudit } from '../state/audit.ts'
import { duePeriods } from '../state/due.ts'
import { ofNames } from '../state/scopes.ts'
import type { ProcessorUnit, Stores } from './open-service.ts'
import { ProgressDisplay } from './progress-display.ts'

/** How often it asks the fetcher for scopes and sweeps, at least. */
const DISCOVER_EVERY_SECONDS = 300

/** Asks which scopes there are, rates all that has settled by `until`, works on what is to be rated again, sweeps, and says how it went; shows progress. */
export async function processUntil(
  stores: Stores,
  unit: ProcessorUnit,
  { until, signal, terminal }: { until: Instant; signal: AbortSignal; terminal: boolean },
): Promise<RunSummary> {
  await unit.processor.discover(until, signal)
  using display = new ProgressDisplay('rating', 'scope periods', { log: stores.log, terminal })
  const summary = await unit.processor.run({
    until,
    signal,
    onProgress: ({ done, due, points }) => display.update(done, due, { points }),
  })
  if (!signal.aborted) {
    await unit.rechecker.run(signal)
    for (let finished = 1; finished > 0;) finished = await unit.reprocessor.run(signal)
    await measureResets(stores, signal)
    await sweep(stores.batches, stores.store, signal)
    await dropPast(stores, until, signal)
  }
  await stores.batches.retire()
  return summary
}

/** Rates whatever becomes due, until the signal is aborted. What fails is logged and tried again. */
export async function runProcessor(stores: Stores, unit: ProcessorUnit, signal: AbortSignal): Promise<void> {
  const { log, batches, store } = stores
  const { look_seconds: lookSeconds } = stores.config.options.processor
  const discoverEvery = Math.min(stores.config.options.collect.period, DISCOVER_EVERY_SECONDS)
  let discovered = -Infinity
  while (!signal.aborted) {
    try {
      const now = toInstant(new Date())
      if (now - discovered >= discoverEvery) {
        await unit.processor.discover(now, signal)
        await sweep(batches, store, signal)
        await dropPast(stores, now, signal)
        const { retention_days: days } = stores.config.options.audit
        if (days !== undefined) await purgeAudit(stores.db, days)
        discovered = now
      }
      using display = new ProgressDisplay('rating', 'scope periods', { log, terminal: false })
      await unit.processor.run({
        until: now,
        signal,
        onProgress: ({ done, due, points }) => display.update(done, due, { points }),
      })
      await unit.rechecker.run(signal)
      await unit.reprocessor.run(signal)
      await measureResets(stores, signal)
      await reportLag(stores, now)
    } catch (error) {
      if (!signal.aborted) log.error({ err: error }, 'the processor stumbled and goes on')
    }
    await sleep(lookSeconds * 1000, undefined, { signal }).catch(() => {})
  }
  await batches.retire().catch((error: unknown) => log.warn({ err: error }, 'the processors left could not be told'))
}

/** What is dropped does not come back: neither a mistaken `--until` nor one clock that is fast may say how old it is. */
async function dropPast(stores: Stores, until: Instant, signal: AbortSignal): Promise<void> {
  const { retention_period: hours } = stores.config.options.storage
  if (hours === undefined) return
  const now = Math.min(until, toInstant(new Date()), await stores.chores.now())
  await forgetPast(stores, { now, hours }, signal)
}

async function reportLag({ scopes, names, config, telemetry }: Stores, now: Instant): Promise<void> {
  const { period: periodSeconds, wait_periods: waitPeriods } = config.options.collect
  const rows = await scopes.list({ ...ofNames(names), active: [true] })
  const due = rows.filter((row) => duePeriods(row.nextBegin, { now, periodSeconds, waitPeriods }) > 0)
  telemetry.lagging({
    failing: rows.filter((row) => row.failure).length,
    lagSeconds: due.reduce((lag, row) => Math.max(lag, now - row.nextBegin - periodSeconds), 0),
  })
}
