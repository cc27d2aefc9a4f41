import { sql } from 'drizzle-orm'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { afterAll, beforeEach } from 'vitest'
import { add, formatDecimal, ONE } from '../../domain/decimal.ts'
import type { Begin } from '../../domain/first-period.ts'
import type { Metric } from '../../domain/metric.ts'
import type { Instant } from '../../domain/period.ts'
import { type TimeZone, UTC } from '../../domain/time-zone.ts'
import type { Fetcher } from '../../fetchers/fetcher.ts'
import type { Rater, RatingModule } from '../../rating/rating-module.ts'
import { RatingPipeline } from '../../rating/rating-pipeline.ts'
import { Batches } from '../../state/batches.ts'
import type { StateDatabase } from '../../state/database.ts'
import { Maintenance } from '../../state/maintenance.ts'
import { Modules } from '../../state/modules.ts'
import { Reprocesses } from '../../state/reprocesses.ts'
import { Scopes } from '../../state/scopes.ts'
import type { Sums, TypeDiff } from '../../state/task-diff.ts'
import { openTestState } from '../../state/testing/open-test-state.ts'
import type { PointStore } from '../../storage/point-store.ts'
import { openTestStore } from '../../storage/testing/open-test-store.ts'
import { processorEvents } from '../events.ts'
import { measureResets } from '../measure-resets.ts'
import { Processor } from '../processor.ts'
import { Rechecker } from '../rechecker.ts'
import { Reprocessor } from '../reprocessor.ts'
import { sweep } from '../sweep.ts'
import { MemorySource, memoryMetric } from './memory-source.ts'

export const HOUR = 3600
export const T0 = Date.UTC(2026, 5, 1) / 1000
export const NAMES = { scopeKey: 'project_id', fetcher: 'memory', collector: 'memory' }
export const METRICS = ['instance', 'volume'].map(memoryMetric)
export const TESTER = { who: 'tester' }
const RESOURCES = 3
/** Points of a scope in a period. */
export const EACH = RESOURCES * METRICS.length
const EVERYTHING = { begin: 0, end: T0 * 2, types: [], attributes: new Map(), offset: 0, limit: undefined }

export interface BenchOptions {
  readonly retrySeconds?: { readonly min: number; readonly max: number }
  readonly metrics?: readonly Metric[]
  /** Another bench's store, which stays open; its own one in memory when absent. */
  readonly store?: PointStore
  readonly owner?: string
  readonly leaseSeconds?: number
  /** In place of the one module that gives every point `rating.price`. */
  readonly modules?: readonly RatingModule[]
  readonly maxPoints?: number
  readonly maxPeriods?: number
  readonly periodSeconds?: number
  readonly begin?: Begin
  readonly zone?: TimeZone
}

/** State that is empty before each test of the file that asks for it, and benches on it. */
export async function stateWithBenches() {
  const state = await openTestState()
  const { db } = state
  beforeEach(() => emptyState(db))
  afterAll(() => state[Symbol.asyncDispose]())
  return {
    db,
    bench: (scopeIds: readonly string[], options?: BenchOptions) => processorBench(db, scopeIds, options),
  }
}

/** A whole processor over real stores; its one module adds a price that the test may change. */
export async function processorBench(
  db: StateDatabase,
  scopeIds: readonly string[],
  {
    retrySeconds = { min: 60, max: 600 },
    metrics = METRICS,
    store: given,
    owner = 'test',
    leaseSeconds = 60,
    modules: ratingModules,
    maxPoints = 10_000,
    maxPeriods = 100,
    periodSeconds = HOUR,
    begin = T0,
    zone = UTC,
  }: BenchOptions = {},
) {
  const store = given ?? (await openTestStore())
  const source = new MemorySource(RESOURCES)
  const batches = new Batches(db, { owner, leaseSeconds })
  const scopes = new Scopes(db)
  const modules = new Modules(db)
  const reprocesses = new Reprocesses(db)
  if (!ratingModules) await modules.set('flat', { enabled: true }, TESTER)
  const rating = { price: ONE, rate: undefined as Rater['rate'] | undefined }
  const flat: RatingModule = {
    name: 'flat',
    description: 'a price for each point',
    configurable: false,
    load: async () => ({
      rate:
        rating.rate ??
        ((frames) =>
          frames.map((frame) => ({
            ...frame,
            points: frame.points.map((point) => ({ ...point, price: rating.price })),
          }))),
    }),
  }
  const parts = {
    db,
    collector: source,
    pipeline: new RatingPipeline(ratingModules ?? [flat], modules),
    store,
    scopes,
    batches,
    metrics: () => ({ metrics, skip: () => false }),
    events: processorEvents(pino({ level: 'silent' }), new Registry()),
  }
  const options = { names: NAMES, periodSeconds, concurrency: 2, retrySeconds, maxPoints }
  let known = (): readonly string[] => scopeIds
  const fetcher: Fetcher = {
    scopes: async () => [...known()],
    whenNone: { asked: 'the list of the test', remedy: 'give it one' },
    [Symbol.asyncDispose]: async () => {},
  }
  const processor = new Processor(
    { ...parts, fetcher },
    { ...options, waitPeriods: 2, begin, zone, discoverEverySeconds: 300, maxScopes: 100, maxPeriods },
  )
  const reprocessor = new Reprocessor({ ...parts, reprocesses }, options)
  const rechecker = new Rechecker({ ...parts, reprocesses }, options)
  const { signal } = new AbortController()
  return {
    store,
    source,
    batches,
    scopes,
    modules,
    reprocesses,
    rating,
    processor,
    rechecker,
    reprocessor,
    /** What a round over the bench is made of, but its events and clock. */
    roundParts: { processor, rechecker, reprocessor, db, batches, scopes, maintenance: new Maintenance(db), store },
    setFetcher: (scopes: () => readonly string[]) => void (known = scopes),
    async run(until: Instant) {
      await processor.discover(until, signal)
      return processor.run({ until, signal })
    },
    reprocess: () => reprocessor.run(signal),
    recheck: () => rechecker.run(signal),
    measure: () => measureResets({ ...parts, names: NAMES }, signal),
    sweep: () => sweep(batches, store),
    total: () => totals(store, batches),
    /** How many points the store has, whether anybody sees them or not. */
    async stored() {
      const { highest } = await batches.snapshot()
      return (await store.retrieve(EVERYTHING, { highest, hidden: [], tombstones: [] })).total
    },
    [Symbol.asyncDispose]: async () => {
      if (!given) await store[Symbol.asyncDispose]()
    },
  }
}

/** Points and price by scope and period: `{ 'a 0': '6 points at 6' }`. */
async function totals(store: PointStore, batches: Batches): Promise<Record<string, string>> {
  const { points } = await store.retrieve(EVERYTHING, await batches.snapshot())
  const sums = new Map<string, { count: number; price: typeof ONE }>()
  for (const point of points) {
    const key = `${point.series.scopeId} ${(point.begin - T0) / HOUR}`
    const sum = sums.get(key)
    sums.set(key, { count: (sum?.count ?? 0) + 1, price: sum ? add(sum.price, point.price) : point.price })
  }
  return Object.fromEntries(
    [...sums].map(([key, { count, price }]) => [key, `${count} points at ${formatDecimal(price)}`]),
  )
}

/** The totals of scopes that are rated for so many periods, each point at the price. */
export const full = (scopeIds: readonly string[], periods: number, price = 1) =>
  Object.fromEntries(
    scopeIds.flatMap((scopeId) =>
      Array.from({ length: periods }, (_, i) => [`${scopeId} ${i}`, `${EACH} points at ${EACH * price}`]),
    ),
  )

/** `instance 162 at 27 → 162 at 54`: quantity and price before and after. */
export function shownDiff(diff: readonly TypeDiff[] | undefined): string[] | undefined {
  const shown = ({ quantity, price }: Sums) => `${formatDecimal(quantity)} at ${formatDecimal(price)}`
  return diff?.map(({ type, before, after }) => `${type} ${shown(before)} → ${shown(after)}`)
}

/** As a new database is. */
export async function emptyState(db: StateDatabase): Promise<void> {
  await db.execute(sql`TRUNCATE clocks, points_home, points_ledger, swept_tombstones, discoveries, scopes, scope_inactivity, hidden_batches, tombstones, maintenance, modules_state, processors,
    storage_scope_reprocessing_schedule RESTART IDENTITY CASCADE`)
  await db.execute(sql`UPDATE batch_counter SET value = 0`)
}
