import { randomUUID } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { groupingBy } from '../grouping.ts'
import type { PointFilter, PointStore } from '../point-store.ts'
import { type ChdbConnection, loadChdb, whyNoChdb } from '../testing/chdb.ts'
import { EVERYTHING, HOUR, JUNE, point, query, series, wholeTotal } from '../testing/points.ts'
import { openClickHouseStore } from './open-clickhouse-store.ts'
import { tablesOf } from './tables.ts'
import { connectChdb } from './testing/connect-chdb.ts'

/** Two projects of so many series each, more than the engine reads at a time; ids begin with the project's letter. */
const SERIES = 12_000

/** What the engine was asked, and what it has read for that. */
interface Work {
  readonly sql: string
  readonly read: Readonly<Record<string, number>>
}

const work: Work[] = []
let store: PointStore

/**
 * What tells how much of the tables was read: the engine counts it for all statements together, hence before and after each of
 * them. Its own tables, which have more rows now and then, count for none of these.
 */
const COUNTERS = [
  'SelectedMarks',
  'SelectedRanges',
  'CompressedReadBufferBytes',
  'RowsReadByMainReader',
  'RowsReadByPrewhereReaders',
]
const COUNTED = `SELECT event, value FROM system.events WHERE event IN ('${COUNTERS.join("', '")}') FORMAT JSONCompactEachRow`

function measured(connection: ChdbConnection): ChdbConnection {
  const counters = async () => {
    const { stream } = await connection.query({ query: COUNTED })
    const lines = (await text(stream)).trim().split('\n')
    return new Map(lines.filter(Boolean).map((line) => JSON.parse(line) as [string, string]))
  }
  return {
    query: async (params) => {
      const before = await counters()
      const answer = await connection.query(params)
      const after = await counters()
      const read = COUNTERS.map((name) => [name, Number(after.get(name) ?? 0) - Number(before.get(name) ?? 0)])
      work.push({ sql: params.query, read: Object.fromEntries(read) as Work['read'] })
      return answer
    },
    command: (params) => connection.command(params),
    insert: (params) => connection.insert(params),
    exec: (params) => connection.exec(params),
    ping: (params) => connection.ping(params),
    close: () => connection.close(),
  }
}

/** Every question that a caller of project `a` can ask about these attributes: what was answered, and what was done for it. */
async function workFor(attributes: Record<string, readonly string[]>, types: readonly string[] = []) {
  const filter: PointFilter = {
    ...query({ end: JUNE + 3 * HOUR }),
    types,
    attributes: new Map(Object.entries({ project_id: ['a'], ...attributes })),
    firstBy: 'project_id',
  }
  const asked = { ...query(), ...filter, groupby: ['id', 'flavor'].map(groupingBy) }
  work.length = 0
  const answers = [
    await store.total(asked, EVERYTHING),
    await wholeTotal(await store.streamTotal({ ...asked, groupby: [groupingBy('type')] }, EVERYTHING)),
    await store.retrieve({ ...filter, offset: 0, limit: 10 }, EVERYTHING),
    await store.weigh!(asked),
  ] as const
  return { answers, work: [...work] }
}

const missing = whyNoChdb()

describe.skipIf(missing !== undefined)(`on ClickHouse${missing ? ` (skipped: ${missing})` : ''}`, () => {
  beforeAll(async () => {
    const database = `work ${randomUUID()}`
    const connection = connectChdb(loadChdb(), ':memory:')
    const common = { url: 'http://chdb', database, username: 'default', password: '' }
    store = await openClickHouseStore({ ...common, connection: measured(connection) })
    for (const [i, project] of ['a', 'b'].entries()) {
      const many = Array.from({ length: SERIES }, (_, n) =>
        series({
          scopeId: project,
          type: n % 2 === 0 ? 'volume' : 'instance',
          groupby: { id: `${project}${n}`, project_id: project },
          metadata: { flavor: project === 'a' ? 'small' : 'large' },
        }),
      )
      await store.write(
        i + 1,
        many.flatMap((of) => [0, 1, 2].map((hour) => point(of, { begin: JUNE + hour * HOUR }))),
      )
    }
    // What is merged in the background would be read too. Only of these tables: other tests use the same engine.
    const tables = tablesOf(database)
    for (const table of [tables.points, tables.attributes, tables.series]) {
      await connection.command({ query: `OPTIMIZE TABLE ${table} FINAL` })
      await connection.command({ query: `SYSTEM STOP MERGES ${table}` })
    }
    await workFor({ id: ['a7', 'nobody'] })
  })
  afterAll(() => store?.[Symbol.asyncDispose]())

  test.each([{ types: [] }, { types: ['volume'] }])(
    'as much is read for an id that another project has as for one that nobody has: $types',
    async ({ types }) => {
      const others = await workFor({ id: [`b${SERIES - 2}`] }, types)
      expect(others.answers[0].total).toBe(0)
      expect(others).toEqual(await workFor({ id: ['nobody'] }, types))
      expect(others.work.some(({ read }) => (read['RowsReadByPrewhereReaders'] ?? 0) > 0)).toBe(true)
    },
  )

  test('of an attribute that others have with many values no more is read than of one that nobody has so', async () => {
    const large = await workFor({ flavor: ['large'] })
    expect(large.answers[0].total).toBe(0)
    expect(large).toEqual(await workFor({ flavor: ['nothing'] }))
    expect(await workFor({ flavor: ['', 'large'] })).toEqual(await workFor({ flavor: ['', 'nothing'] }))
    // Series that were read once are remembered.
    await workFor({ id: ['a7'] })
    const own = await workFor({ id: ['a7', `b${SERIES - 2}`] })
    expect(own.answers[0].total).toBe(1)
    expect(await workFor({ id: ['a7', 'nobody'] })).toEqual(own)
  })
})
