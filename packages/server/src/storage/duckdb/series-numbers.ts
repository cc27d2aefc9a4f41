import { type DuckDBConnection, BIGINT, INTEGER, VARCHAR } from '@duckdb/node-api'
import { isDeepStrictEqual } from 'node:util'
import { LRUCache } from 'lru-cache'
import type { Point } from '../../domain/point.ts'
import { type Attributes, attributeText, type AttributeValue, type Series } from '../../domain/series.ts'
import { Fault } from '../../lib/fault.ts'
import { append, type Column } from './append.ts'
import { run } from './duckdb-database.ts'

/** The identities of pushed series are remembered as text for so many, some 20 MB; others are looked up in the file. */
const REMEMBERED = 50_000

interface Known {
  readonly number: number
  readonly identity: Identity
}

type Identity = readonly [scopeId: string, type: string, unit: string, groupby: string, metadata: string]

/**
 * Gives every series its number in the file and writes the series that are new. What was given in a transaction counts
 * only after `commit`; `rollback` forgets it.
 */
export class SeriesNumbers {
  /** The fast way, for series objects that come again from period to period (`SeriesRegistry`). */
  #byObject = new WeakMap<Series, number>()
  readonly #byId = new LRUCache<bigint, Known>({ max: REMEMBERED })
  #uncommitted: [Series, Known][] = []
  #next: number

  constructor(next: number) {
    this.#next = next
  }

  /** The numbers of the points' series, in the order of the points. Throws a `Fault` when two series share an id. */
  async number(connection: DuckDBConnection, points: readonly Point[]): Promise<Int32Array> {
    const numbers = new Int32Array(points.length)
    const missing = new Map<bigint, Series>()
    const again: number[] = []
    points.forEach(({ series }, i) => {
      const number = this.#byObject.get(series) ?? this.#recall(series)
      if (number !== undefined) {
        numbers[i] = number
        return
      }
      again.push(i)
      const other = missing.get(series.id)
      if (other === undefined) missing.set(series.id, series)
      else if (other !== series) refuseOther(series, toIdentity(other))
    })
    if (missing.size === 0) return numbers

    const found = await this.#find(connection, [...missing.values()])
    for (const i of again) numbers[i] = found.get(points[i]!.series.id)!
    return numbers
  }

  commit(): void {
    for (const [series, known] of this.#uncommitted) {
      this.#byObject.set(series, known.number)
      this.#byId.set(series.id, known)
    }
    this.#uncommitted = []
  }

  rollback(): void {
    this.#uncommitted = []
  }

  /** Everything is looked up in the file again: rows of series went from it. */
  forget(): void {
    this.#byObject = new WeakMap()
    this.#byId.clear()
  }

  #recall(series: Series): number | undefined {
    const known = this.#byId.get(series.id)
    if (!known) return undefined
    refuseOther(series, known.identity)
    this.#byObject.set(series, known.number)
    return known.number
  }

  /** Looks the series up in the file, and writes those that are not there. */
  async #find(connection: DuckDBConnection, wanted: readonly Series[]): Promise<Map<bigint, number>> {
    const rows = await run(connection, {
      sql: `SELECT id, number, scope_id, type, unit, groupby, metadata FROM series
        WHERE id IN (SELECT unnest($1))`,
      params: [{ integers: wanted.map(({ id }) => id) }],
    })
    const stored = new Map<bigint, Known>()
    for (const [id, number, ...identity] of rows as [bigint, number, ...string[]][]) {
      stored.set(id, { number, identity: identity as unknown as Identity })
    }
    const numbers = new Map<bigint, number>()
    const fresh: { series: Series; known: Known }[] = []
    for (const series of wanted) {
      let known = stored.get(series.id)
      if (known) refuseOther(series, known.identity)
      else {
        known = { number: this.#next++, identity: toIdentity(series) }
        fresh.push({ series, known })
      }
      numbers.set(series.id, known.number)
      this.#uncommitted.push([series, known])
    }
    await writeSeries(connection, fresh)
    return numbers
  }
}

async function writeSeries(
  connection: DuckDBConnection,
  fresh: readonly { series: Series; known: Known }[],
): Promise<void> {
  await append<[Column<number>, Column<bigint>, ...Repeat5<Column<string>>]>(
    connection,
    'series',
    [INTEGER, BIGINT, VARCHAR, VARCHAR, VARCHAR, VARCHAR, VARCHAR],
    fresh.length,
    ([numbers, ids, ...parts], start, rows) => {
      for (let row = 0; row < rows; row++) {
        const { series, known } = fresh[start + row]!
        numbers.setItem(row, known.number)
        ids.setItem(row, series.id)
        for (const [i, part] of known.identity.entries()) parts[i]!.setItem(row, part)
      }
    },
  )
  const texts = fresh.flatMap(({ series, known }) =>
    attributeTexts(series).map(([name, value]): NamedText => [known.number, name, value]),
  )
  // Values of one name side by side: a query reads one name, and skips what lies elsewhere.
  texts.sort(([a, nameA], [b, nameB]) => (nameA < nameB ? -1 : nameA > nameB ? 1 : a - b))
  await appendNamedTexts(connection, 'attributes', texts)
}

type Repeat5<T> = [T, T, T, T, T]
export type NamedText = readonly [series: number, name: string, value: string]

export async function appendNamedTexts(
  connection: DuckDBConnection,
  table: 'attributes' | 'sample_labels',
  texts: readonly NamedText[],
): Promise<void> {
  await append<[Column<number>, Column<string>, Column<string>]>(
    connection,
    table,
    [INTEGER, VARCHAR, VARCHAR],
    texts.length,
    ([series, names, values], start, rows) => {
      for (let row = 0; row < rows; row++) {
        const [number, name, value] = texts[start + row]!
        series.setItem(row, number)
        names.setItem(row, name)
        values.setItem(row, value)
      }
    },
  )
}

/** Groupby wins over metadata of the same name; an empty text reads like an absent attribute, and is left out. */
function attributeTexts({ groupby, metadata }: Series): [name: string, value: string][] {
  const texts = new Map<string, string>()
  for (const attributes of [metadata, groupby]) {
    for (const [name, value] of Object.entries(attributes)) texts.set(name, attributeText(value))
  }
  return [...texts].filter(([, value]) => value !== '')
}

function toIdentity({ scopeId, type, unit, groupby, metadata }: Series): Identity {
  return [wellFormed(scopeId), wellFormed(type), wellFormed(unit), JSON.stringify(groupby), JSON.stringify(metadata)]
}

/** As the file gives a text back: half of a surrogate pair cannot be written as UTF-8. (JSON escapes it.) */
function wellFormed(text: string): string {
  return /\p{Surrogate}/u.test(text) ? Buffer.from(text).toString() : text
}

function refuseOther(series: Series, stored: Identity): void {
  const identity = toIdentity(series)
  if (identity.every((part, i) => part === stored[i])) return
  const [scopeId, type, unit, groupby, metadata] = stored
  if (
    identity.slice(0, 3).every((part, i) => part === stored[i]) &&
    sameAttributes(series.groupby, groupby) &&
    sameAttributes(series.metadata, metadata)
  ) {
    return
  }
  throw new Fault('storage.series_collision', `two different series have the id ${series.id}`, {
    stored: { scopeId, type, unit, groupby, metadata },
    refused: { scopeId: series.scopeId, type: series.type, unit: series.unit },
  })
}

/** Whether attributes say the same as those of a JSON text, in whatever order. */
function sameAttributes(attributes: Attributes, text: string): boolean {
  return isDeepStrictEqual(JSON.parse(JSON.stringify(attributes)), JSON.parse(text) as AttributeValue)
}
