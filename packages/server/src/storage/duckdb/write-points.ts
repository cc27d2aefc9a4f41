import { BIGINT, type DuckDBConnection, HUGEINT, INTEGER, UTINYINT, VARCHAR } from '@duckdb/node-api'
import type { Decimal } from '../../domain/decimal.ts'
import type { Instant } from '../../domain/period.ts'
import type { Point } from '../../domain/point.ts'
import type { BatchId } from '../../domain/snapshot.ts'
import { Fault } from '../../lib/fault.ts'
import { append } from './append.ts'
import type { SeriesNumbers } from './series-numbers.ts'
import { REST, type Rest, restOf, type StoredValue, toStoredValue } from './stored-value.ts'
import type { TextNumbers } from './text-numbers.ts'

/** What a store remembers of its file from write to write. */
export interface Written {
  readonly series: SeriesNumbers
  readonly ruleSets: TextNumbers
}

const TYPES = [
  BIGINT, // batch
  BIGINT, // begin_at
  BIGINT, // end_at
  INTEGER, // series
  INTEGER, // rules
  UTINYINT, // rest
  BIGINT, // quantity
  BIGINT, // price
  INTEGER, // quantity_atto
  INTEGER, // price_atto
  HUGEINT, // quantity_wide
  HUGEINT, // price_wide
]

/** Writes the points within the connection's transaction, and says how much of `rest` they need. */
export async function writePoints(
  connection: DuckDBConnection,
  batch: BatchId,
  points: readonly Point[],
  written: Written,
): Promise<Rest> {
  const series = await written.series.number(connection, points)
  const rules = await numberRules(connection, points, written.ruleSets)
  const order = byBegin(points)
  const batchId = BigInt(batch)
  let widest: Rest = REST.none

  await append(connection, 'points', TYPES, points.length, (columns, start) => {
    const [batches, begins, ends, seriesNumbers, ruleNumbers, rests, ...values] = columns as Columns
    const [quantities, prices, quantityAttos, priceAttos, quantityWides, priceWides] = values
    for (let row = 0; row < batches.length; row++) {
      const i = order ? order[start + row]! : start + row
      const point = points[i]!
      const quantity = stored(point, 'quantity')
      const price = stored(point, 'price')
      const rest = Math.max(restOf(quantity), restOf(price)) as Rest
      if (rest > widest) widest = rest
      batches[row] = batchId
      begins[row] = BigInt(point.begin)
      ends[row] = BigInt(point.end)
      seriesNumbers[row] = series[i]!
      ruleNumbers[row] = rules[i]!
      rests[row] = rest
      quantities[row] = quantity.nano
      prices[row] = price.nano
      quantityAttos[row] = quantity.atto
      priceAttos[row] = price.atto
      quantityWides[row] = quantity.wide
      priceWides[row] = price.wide
    }
  })
  return widest
}

type Cells<T> = T[]
type Columns = [
  Cells<bigint>,
  Cells<bigint>,
  Cells<bigint>,
  Cells<number>,
  Cells<number>,
  Cells<number>,
  Cells<bigint>,
  Cells<bigint>,
  Cells<number>,
  Cells<number>,
  Cells<bigint | null>,
  Cells<bigint | null>,
]

function stored(point: Point, column: 'quantity' | 'price'): StoredValue {
  return toStoredValue(point[column]) ?? refuse(column, point[column], point.series.type, point.series.scopeId)
}

export function refuse(what: string, value: Decimal, type: string, scopeId: string): never {
  const text = value.toString()
  const shown = text.length > 60 ? `${text.slice(0, 60)}...` : text
  throw new Fault('storage.out_of_range', `the ${what} ${shown} of ${type} does not fit DECIMAL(38,18)`, {
    type,
    scopeId,
  })
}

/** Raters give the same list again and again: most of its points are numbered without making a text of it. */
async function numberRules(
  connection: DuckDBConnection,
  points: readonly Point[],
  ruleSets: TextNumbers,
): Promise<Int32Array> {
  const texts = new Map<readonly string[], string>()
  for (const { rules } of points) if (!texts.has(rules)) texts.set(rules, JSON.stringify(rules))
  const { numbers, fresh } = await ruleSets.number(connection, new Set(texts.values()))
  await append(connection, 'rule_sets', [INTEGER, VARCHAR], fresh.length, ([number, rules], start) => {
    for (let row = 0; row < number!.length; row++) [rules![row], number![row]] = fresh[start + row]!
  })
  const byList = new Map([...texts].map(([list, text]) => [list, numbers.get(text)!]))
  return Int32Array.from(points, ({ rules }) => byList.get(rules)!)
}

/**
 * The points' places in the order of their begins, or undefined if they are in order already: queries skip what lies
 * outside of their range, and a batch may span many periods, scope after scope.
 */
function byBegin(points: readonly Point[]): number[] | undefined {
  const isInOrder = points.every((point, i) => i === 0 || points[i - 1]!.begin <= point.begin)
  if (isInOrder) return undefined
  const places = new Map<Instant, number[]>()
  points.forEach(({ begin }, i) => {
    const same = places.get(begin)
    if (same) same.push(i)
    else places.set(begin, [i])
  })
  return [...places].sort(([a], [b]) => a - b).flatMap(([, same]) => same)
}
