import { type Decimal, decimal } from '../../domain/decimal.ts'
import type { Instant } from '../../domain/period.ts'
import { NO_RULES, type Point } from '../../domain/point.ts'
import type { Sample } from '../../domain/sample.ts'
import { type Series, type SeriesIdentity, toSeries } from '../../domain/series.ts'
import type { Snapshot } from '../../domain/snapshot.ts'
import type { Total, TotalQuery, TotalRow, TotalStream, ValueField } from '../point-store.ts'

export const HOUR = 3600
export const DAY = 24 * HOUR
/** 2026-06-01T00:00:00Z, a Monday. */
export const JUNE = Date.UTC(2026, 5, 1) / 1000

export const EVERYTHING: Snapshot = { highest: 1_000_000, hidden: [], tombstones: [] }

export const SUMS: readonly ValueField[] = [
  { function: 'sum', column: 'qty', alias: 'qty' },
  { function: 'sum', column: 'price', alias: 'rate' },
]

export function series(identity: Partial<SeriesIdentity> = {}): Series {
  const groupby = identity.groupby ?? { id: 'vm-1', project_id: identity.scopeId ?? 'alpha' }
  return toSeries({ scopeId: 'alpha', type: 'instance', unit: 'instance', metadata: {}, ...identity, groupby })
}

/** One hour's point; texts are decimals. */
export function point(
  of: Series,
  { begin = JUNE, end = begin + HOUR, quantity = '1', price = '0', rules = NO_RULES }: PointFields = {},
): Point {
  return { series: of, begin, end, quantity: decimal(quantity), price: decimal(price), rules }
}

interface PointFields {
  readonly begin?: Instant
  readonly end?: Instant
  readonly quantity?: string
  readonly price?: string
  readonly rules?: readonly string[]
}

export function sample(name: string, at: Instant, value: string, labels: Record<string, string>): Sample {
  return { name, at, value: decimal(value), labels }
}

/** Everything of June, one row, unless said otherwise. */
export function query(given: Partial<TotalQuery> = {}): TotalQuery {
  return {
    begin: JUNE,
    end: JUNE + 30 * DAY,
    types: [],
    attributes: new Map(),
    groupby: [],
    values: SUMS,
    offset: 0,
    limit: undefined,
    ...given,
  }
}

/** Groups and values as text, for comparing at a glance: `['alpha', '2', '0.04']`. */
export function table({ rows }: Total): string[][] {
  return rows.map(({ groups, values }) => [...groups, ...values.map(String)])
}

/** As `table`, the bucket's begin in hours since June first. */
export function timeTable({ rows }: Total): (string | number)[][] {
  return rows.map(({ begin, groups, values }) => [(begin - JUNE) / HOUR, ...groups, ...values.map(String)])
}

export async function wholeTotal({ total, rows }: TotalStream): Promise<Total> {
  const all: TotalRow[] = []
  for await (const some of rows) all.push(...some)
  return { total, rows: all }
}

export function texts(values: readonly Decimal[]): string[] {
  return values.map(String)
}
