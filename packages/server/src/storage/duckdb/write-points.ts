import { BIGINT, type DuckDBConnection, type DuckDBType, INTEGER, UTINYINT, VARCHAR } from '@duckdb/node-api'
import type { Instant } from '../../domain/period.ts'
import type { Point } from '../../domain/point.ts'
import type { BatchId } from '../../domain/snapshot.ts'
import { refusePoints } from '../refuse-value.ts'
import { append, type Column } from './append.ts'
import type { SeriesDictionary } from './series-dictionary.ts'
import { REST, type Rest, restOf, toStoredValue } from './stored-value.ts'
import type { TextDictionary } from './text-dictionary.ts'

/** What a store remembers of its file from write to write. */
export interface Written {
  readonly series: SeriesDictionary
  readonly ruleSets: TextDictionary
}

type Columns = [
  batch: Column<bigint>,
  begin: Column<bigint>,
  end: Column<bigint>,
  series: Column<number>,
  rules: Column<number>,
  rest: Column<number>,
  quantity: Column<bigint>,
  price: Column<bigint>,
  quantityAtto: Column<number>,
  priceAtto: Column<number>,
  quantityHigh: Column<bigint>,
  priceHigh: Column<bigint>,
  scope: Column<number>,
]

const TYPES: Types<Columns> = [
  BIGINT,
  BIGINT,
  BIGINT,
  INTEGER,
  INTEGER,
  UTINYINT,
  BIGINT,
  BIGINT,
  INTEGER,
  INTEGER,
  BIGINT,
  BIGINT,
  INTEGER,
]

type Types<C> = { readonly [K in keyof C]: DuckDBType }

/** Writes the points within the connection's transaction, and says how much of `rest` they need. */
export async function writePoints(
  connection: DuckDBConnection,
  batch: BatchId,
  points: readonly Point[],
  written: Written,
): Promise<Rest> {
  const numbers = await written.series.number(connection, points)
  const rules = await numberRules(connection, points, written.ruleSets)
  const order = byBegin(points)
  const batchId = BigInt(batch)
  const toBigInt = rememberingBigInt()
  const toBigIntEnd = rememberingBigInt()
  let widest: Rest = REST.none

  await append<Columns>(connection, 'points', TYPES, points.length, (columns, start, rows) => {
    const [batches, begins, ends, seriesNumbers, ruleNumbers, rests, ...values] = columns
    const [quantities, prices, quantityAttos, priceAttos, quantityHighs, priceHighs, scopes] = values
    for (let row = 0; row < rows; row++) {
      const i = order ? order[start + row]! : start + row
      const point = points[i]!
      const quantity = toStoredValue(point.quantity)
      const price = toStoredValue(point.price)
      if (!quantity || !price) refusePoints(points, (value) => toStoredValue(value) !== undefined)
      const rest = Math.max(restOf(quantity), restOf(price)) as Rest
      if (rest > widest) widest = rest
      batches.setItem(row, batchId)
      begins.setItem(row, toBigInt(point.begin))
      ends.setItem(row, toBigIntEnd(point.end))
      const { scope, series } = numbers[i]!
      scopes.setItem(row, scope)
      seriesNumbers.setItem(row, series)
      ruleNumbers.setItem(row, rules[i]!)
      rests.setItem(row, rest)
      quantities.setItem(row, quantity.nano)
      prices.setItem(row, price.nano)
      quantityAttos.setItem(row, quantity.atto)
      priceAttos.setItem(row, price.atto)
      quantityHighs.setItem(row, quantity.high)
      priceHighs.setItem(row, price.high)
    }
  })
  return widest
}

/** Most points of a batch begin when the one before them does. */
function rememberingBigInt(): (number: number) => bigint {
  let last = 0
  let lastBigInt = 0n
  return (number) => {
    if (number !== last) [last, lastBigInt] = [number, BigInt(number)]
    return lastBigInt
  }
}

/** Raters give the same list again and again: most of its points are numbered without making a text of it. */
async function numberRules(
  connection: DuckDBConnection,
  points: readonly Point[],
  ruleSets: TextDictionary,
): Promise<Int32Array> {
  const texts = new Map<readonly string[], string>()
  for (const { rules } of points) if (!texts.has(rules)) texts.set(rules, JSON.stringify(rules))
  const { numbers, fresh } = await ruleSets.number(connection, new Set(texts.values()))
  await append<[Column<number>, Column<string>]>(
    connection,
    'rule_sets',
    [INTEGER, VARCHAR],
    fresh.length,
    ([ruleSets, lists], start, rows) => {
      for (let row = 0; row < rows; row++) {
        const [text, number] = fresh[start + row]!
        ruleSets.setItem(row, number)
        lists.setItem(row, text)
      }
    },
  )
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
