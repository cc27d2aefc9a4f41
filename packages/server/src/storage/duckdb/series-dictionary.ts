import { type DuckDBConnection, BIGINT, INTEGER, VARCHAR } from '@duckdb/node-api'
import type { Point } from '../../domain/point.ts'
import type { Series } from '../../domain/series.ts'
import { byteCache } from '../../lib/byte-cache.ts'
import { attributeTexts, type Identity, identityBytes, refuseOther, toIdentity } from '../series-identity.ts'
import { append, type Column } from './append.ts'
import { run } from './run-statement.ts'

/** The identities of some 50,000 pushed series are remembered as text; others are looked up in the file. */
const REMEMBERED_BYTES = 48 * 1024 * 1024

/** What stands for a series in the rows of points. */
export interface SeriesNumber {
  readonly series: number
  /** The scope's number: that of the first of its series. */
  readonly scope: number
}

interface Known extends SeriesNumber {
  readonly identity: Identity
}

/**
 * Gives every series its number in the file and writes the series that are new. What was given in a transaction counts
 * only after `commit`; `rollback` forgets it.
 */
export class SeriesDictionary {
  /** The fast way, for series objects that come again from period to period (`SeriesRegistry`). */
  #byObject = new WeakMap<Series, SeriesNumber>()
  readonly #byId = byteCache<bigint, Known>(REMEMBERED_BYTES, ({ identity }) => identityBytes(identity))
  #uncommitted: [Series, Known][] = []
  #next: number
  #changes = 0

  constructor(next: number) {
    this.#next = next
  }

  /** How many there are in the file at most. */
  get count(): number {
    return this.#next - 1
  }

  /** Grows whenever series have come or gone: what was found out about them before may no longer be so. */
  get changes(): number {
    return this.#changes
  }

  /** The numbers of the points' series, in the order of the points. Throws a `Fault` when two series share an id. */
  async number(connection: DuckDBConnection, points: readonly Point[]): Promise<readonly SeriesNumber[]> {
    const numbers = Array.from<SeriesNumber>({ length: points.length })
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
    if (this.#uncommitted.length > 0) this.#changes++
    for (const [series, known] of this.#uncommitted) {
      this.#byObject.set(series, known)
      this.#byId.set(series.id, known)
    }
    this.#uncommitted = []
  }

  rollback(): void {
    this.#uncommitted = []
  }

  /** Everything is looked up in the file again: rows of series went from it. */
  forget(): void {
    this.#changes++
    this.#byObject = new WeakMap()
    this.#byId.clear()
  }

  #recall(series: Series): SeriesNumber | undefined {
    const known = this.#byId.get(series.id)
    if (!known) return undefined
    refuseOther(series, known.identity)
    this.#byObject.set(series, known)
    return known
  }

  /** Looks the series up in the file, and writes those that are not there. */
  async #find(connection: DuckDBConnection, selection: readonly Series[]): Promise<Map<bigint, Known>> {
    const rows = await run(connection, {
      sql: `SELECT id, number, scope, scope_id, type, unit, groupby, metadata FROM series
        WHERE id IN (SELECT unnest($1))`,
      params: [{ integers: selection.map(({ id }) => id) }],
    })
    const stored = new Map<bigint, Known>()
    for (const [id, series, scope, ...identity] of rows as [bigint, number, number, ...string[]][]) {
      stored.set(id, { series, scope, identity: identity as unknown as Identity })
    }
    const scopes = await findScopes(
      connection,
      selection.filter(({ id }) => !stored.has(id)),
    )
    const numbers = new Map<bigint, Known>()
    const fresh: { series: Series; known: Known }[] = []
    for (const series of selection) {
      let known = stored.get(series.id)
      if (known) refuseOther(series, known.identity)
      else {
        const number = this.#next++
        const identity = toIdentity(series)
        const [scopeId] = identity
        const scope = scopes.get(scopeId) ?? number
        scopes.set(scopeId, scope)
        known = { series: number, scope, identity }
        fresh.push({ series, known })
      }
      numbers.set(series.id, known)
      this.#uncommitted.push([series, known])
    }
    await writeSeries(connection, fresh)
    return numbers
  }
}

/** The numbers of the scopes that have series already. */
async function findScopes(connection: DuckDBConnection, fresh: readonly Series[]): Promise<Map<string, number>> {
  if (fresh.length === 0) return new Map()
  const rows = await run(connection, {
    sql: `SELECT scope_id, min(scope) FROM series WHERE scope_id IN (SELECT unnest($1)) GROUP BY scope_id`,
    params: [{ texts: [...new Set(fresh.map(({ scopeId }) => scopeId.toWellFormed()))] }],
  })
  return new Map(rows as [string, number][])
}

async function writeSeries(
  connection: DuckDBConnection,
  fresh: readonly { series: Series; known: Known }[],
): Promise<void> {
  await append<[Column<number>, Column<bigint>, ...Repeat5<Column<string>>, Column<number>]>(
    connection,
    'series',
    [INTEGER, BIGINT, VARCHAR, VARCHAR, VARCHAR, VARCHAR, VARCHAR, INTEGER],
    fresh.length,
    ([numbers, ids, ...others], start, rows) => {
      const [scopeIds, types, units, groupbys, metadatas, scopes] = others
      const parts = [scopeIds, types, units, groupbys, metadatas]
      for (let row = 0; row < rows; row++) {
        const { series, known } = fresh[start + row]!
        numbers.setItem(row, known.series)
        ids.setItem(row, series.id)
        scopes.setItem(row, known.scope)
        for (const [i, part] of known.identity.entries()) parts[i]!.setItem(row, part)
      }
    },
  )
  const texts = fresh.flatMap(({ series, known }) =>
    attributeTexts(series).map(([name, value]): NamedText => [known.series, name, value]),
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
