import { expect, test } from 'vitest'
import { TimeZone } from '../../domain/time-zone.ts'
import { groupingBy } from '../grouping.ts'
import type { TotalQuery } from '../point-store.ts'
import { JUNE, HOUR, query } from '../testing/points.ts'
import type { Param } from './statement.ts'
import { REST, type Rest } from './stored-value.ts'
import { totalSql } from './total-sql.ts'
import type { SeriesSelection } from './series-selection.ts'

const SNAPSHOT = { highest: 9, hidden: [], tombstones: [] }

const RANGE = 'p.begin_at >= $1 AND p.begin_at < $2 AND p.batch <= $3'
const RANGE_PARAMS: Param[] = [JUNE, JUNE + 30 * 24 * HOUR, 9]
const SUMMED = 'sum(p.quantity) AS quantity_nano, sum(p.price) AS price_nano'
const AGAIN = 'sum(quantity_nano) AS quantity_nano, sum(price_nano) AS price_nano'

/** The whole statement, from what is particular to it. */
function statement(summed: string, grouped: string, order: string, page: string): string {
  const ordered = order && ` ORDER BY ${order}`
  return `WITH ${summed}, grouped AS MATERIALIZED (${grouped})
SELECT counted.total, page.* FROM (SELECT count(*) AS total FROM grouped) counted LEFT JOIN (
  SELECT true AS present, * FROM grouped${ordered} ${page}) page ON true${ordered}`
}

const BUCKET = `(CASE WHEN p.end_at - p.begin_at = $4 THEN p.begin_at
    ELSE (p.begin_at + $5) // $4 * $4 - $5 END) AS bucket`

test.each<[string, Partial<TotalQuery>, string, Param[]]>([
  [
    'without groups the points are summed at once, and a sum over nothing is no row',
    {},
    statement(
      `summed AS (SELECT count(*) AS points, ${SUMMED} FROM points p WHERE ${RANGE})`,
      `SELECT sum(points) AS points, ${AGAIN} FROM summed HAVING sum(points) > 0`,
      '',
      'OFFSET $4',
    ),
    [...RANGE_PARAMS, 0],
  ],
  [
    'by type: series first, then their types',
    { groupby: [{ by: 'type' }], limit: 100, offset: 7 },
    statement(
      `summed AS (SELECT p.series, ${SUMMED} FROM points p WHERE ${RANGE} GROUP BY 1)`,
      `SELECT series.type AS g0, ${AGAIN} FROM summed JOIN series ON series.number = summed.series GROUP BY 1`,
      'g0',
      'LIMIT $4 OFFSET $5',
    ),
    [...RANGE_PARAMS, 100, 7],
  ],
  [
    'by attributes: names are parameters',
    { groupby: [groupingBy("project'; --"), groupingBy('$1')] },
    statement(
      `summed AS (SELECT p.series, ${SUMMED} FROM points p WHERE ${RANGE} GROUP BY 1)`,
      `SELECT coalesce(a0.value, '') AS g0, coalesce(a1.value, '') AS g1, ${AGAIN} FROM summed` +
        ' LEFT JOIN (SELECT series, value FROM attributes WHERE name = $4) a0\n    ON a0.series = summed.series' +
        ' LEFT JOIN (SELECT series, value FROM attributes WHERE name = $5) a1\n    ON a1.series = summed.series GROUP BY 1, 2',
      'g0, g1',
      'OFFSET $6',
    ),
    [...RANGE_PARAMS, "project'; --", '$1', 0],
  ],
  [
    'by time: no series are met',
    { buckets: { seconds: HOUR, origin: 0 } },
    statement(
      `summed AS (SELECT ${BUCKET}, ${SUMMED} FROM points p WHERE ${RANGE} GROUP BY 1)`,
      `SELECT bucket, ${AGAIN} FROM summed GROUP BY 1`,
      'bucket',
      'OFFSET $6',
    ),
    [...RANGE_PARAMS, HOUR, 62_208_000_000, 0],
  ],
  [
    'by time and an attribute: alike series are summed as one',
    { groupby: [groupingBy('id')], buckets: { seconds: HOUR, origin: 0 } },
    statement(
      "alike AS MATERIALIZED (SELECT number AS series, min(number) OVER (PARTITION BY coalesce(a0.value, '')) AS first_series" +
        '\n    FROM series LEFT JOIN (SELECT series, value FROM attributes WHERE name = $6) a0\n    ON a0.series = number), ' +
        `summed AS (SELECT ${BUCKET}, alike.first_series AS series, ${SUMMED}` +
        ` FROM points p JOIN alike ON alike.series = p.series WHERE ${RANGE} GROUP BY 1, 2)`,
      `SELECT bucket, coalesce(a0.value, '') AS g0, ${AGAIN} FROM summed` +
        ' LEFT JOIN (SELECT series, value FROM attributes WHERE name = $6) a0\n    ON a0.series = summed.series GROUP BY 1, 2',
      'g0, bucket',
      'OFFSET $7',
    ),
    [...RANGE_PARAMS, HOUR, 62_208_000_000, 'id', 0],
  ],
  [
    'by calendar: days first, texts of days only',
    { groupby: [{ by: 'calendar', name: 'month' }] },
    statement(
      `summed AS (SELECT ((p.begin_at + $4) // 86400) AS day, ${SUMMED} FROM points p WHERE ${RANGE} GROUP BY 1)`,
      `SELECT month((DATE '1970-01-01' + (day - 720000)::INTEGER))::VARCHAR AS g0, ${AGAIN} FROM summed GROUP BY 1`,
      'g0',
      'OFFSET $5',
    ),
    [...RANGE_PARAMS, 62_208_000_000, 0],
  ],
  [
    'by a local calendar: the offset goes with the instant',
    {
      begin: JUNE - 365 * 24 * HOUR,
      groupby: [{ by: 'calendar', name: 'month' }],
      zone: TimeZone.named('Europe/Berlin')!,
    },
    statement(
      `summed AS (SELECT ((p.begin_at + CASE WHEN p.begin_at < $8 THEN $4 ELSE CASE WHEN p.begin_at < $7 THEN $5 ELSE $6 END END) // 86400) AS day, ${SUMMED} FROM points p WHERE ${RANGE} GROUP BY 1)`,
      `SELECT month((DATE '1970-01-01' + (day - 720000)::INTEGER))::VARCHAR AS g0, ${AGAIN} FROM summed GROUP BY 1`,
      'g0',
      'OFFSET $9',
    ),
    [
      JUNE - 365 * 24 * HOUR,
      ...RANGE_PARAMS.slice(1),
      62_208_007_200,
      62_208_003_600,
      62_208_007_200,
      Date.UTC(2026, 2, 29, 1) / 1000,
      Date.UTC(2025, 9, 26, 1) / 1000,
      0,
    ],
  ],
])('%s', (_name, given, sql, params) => {
  const made = totalSql(query(given), SNAPSHOT, REST.none, 'all')
  expect(made.sql).toBe(sql)
  expect(made.params).toEqual(params)
})

test.each<[string, Parameters<typeof totalSql>[1], Partial<TotalQuery>, string, Param[]]>([
  [
    'hidden batches are one list, those that are too high for the snapshot left out',
    { ...SNAPSHOT, hidden: [3, 5, 12] },
    {},
    `FROM points p WHERE ${RANGE} AND NOT list_contains($4, p.batch))`,
    [{ integers: [3, 5] }],
  ],
])('%s', (_name, snapshot, given, sql, params) => {
  const made = totalSql(query(given), snapshot, REST.none, 'all')
  expect(made.sql).toContain(sql)
  expect(made.params.slice(3, -1)).toEqual(params)
})

test('tombstones that do not touch the range leave no trace; those that do are joined by scope', () => {
  const touching = { scopeId: 'alpha', begin: JUNE - HOUR, end: undefined, upTo: 4 }
  const outside = { scopeId: 'beta', begin: 0, end: JUNE, upTo: 4 }
  const without = totalSql(query(), { ...SNAPSHOT, tombstones: [outside] }, REST.none, 'all')
  expect(without).toEqual({ ...totalSql(query(), SNAPSHOT, REST.none, 'all'), read: expect.any(Function) as unknown })
  const { sql, params } = totalSql(query(), { ...SNAPSHOT, tombstones: [outside, touching] }, REST.none, 'all')
  expect(sql).toContain(
    'FROM points p ANTI JOIN buried v ON (p.scope = v.scope AND p.begin_at >= v.begin_at' +
      ` AND p.begin_at < v.end_at AND p.batch <= v.up_to) WHERE ${RANGE})`,
  )
  expect(params.slice(3, 7)).toEqual([
    { texts: ['alpha'] },
    { integers: [JUNE - HOUR] },
    { integers: [Number.MAX_SAFE_INTEGER] },
    { integers: [4] },
  ])
})

test.each<[Rest, string[]]>([
  [REST.none, []],
  [REST.atto, ['p.rest >= 1']],
  [REST.high, ['p.rest >= 1', 'p.rest >= 2']],
])(
  'a file with values up to rest %i is scanned for those columns where they are, and no more often',
  (widest, scans) => {
    const { sql } = totalSql(query({ groupby: [{ by: 'type' }] }), SNAPSHOT, widest, 'all')
    expect(sql.match(/p\.rest >= \d/g) ?? []).toEqual(scans)
    expect(sql.match(/FROM points p/g)).toHaveLength(1 + scans.length)
  },
)

test('a mean needs a sum and a count, and each column is computed once', () => {
  const values = (['mean', 'sum', 'count', 'mean'] as const).map((name) => ({
    function: name,
    column: 'qty' as const,
    alias: name,
  }))
  const { sql } = totalSql(query({ values, groupby: [{ by: 'type' }] }), SNAPSHOT, REST.none, 'all')
  expect(sql).toContain('SELECT p.series, count(*) AS points, sum(p.quantity) AS quantity_nano FROM')
})

const scopes = { first: 7, last: 8 }
const many = Array.from({ length: 60 }, (_, i) => i)

test.each<[string, SeriesSelection, Partial<TotalQuery>, string, Param[]]>([
  ['whole scopes need no condition on series', { scopes, whole: true, numbers: undefined, count: 9 }, {}, '', []],
  [
    'few series are a list',
    { scopes, whole: false, numbers: [7, 9], count: 2 },
    {},
    ' AND list_contains($6, p.series)',
    [{ integers: [7, 9] }],
  ],
  [
    'more series are a table',
    { scopes, whole: false, numbers: many, count: 60 },
    {},
    ' AND p.series IN (SELECT unnest($6))',
    [{ integers: many }],
  ],
  [
    'many series are looked for among those of the scopes',
    { scopes, whole: false, numbers: undefined, count: 3000 },
    {
      types: ["it's"],
      attributes: new Map([
        ['id', ['a', 'b']],
        ['unit', ['GiB']],
      ]),
    },
    ' AND p.series IN (SELECT number FROM series WHERE scope >= $4 AND scope <= $5 AND list_contains($6, type)' +
      ' AND number IN (SELECT series FROM attributes\n    WHERE name = $8 AND list_contains($7, value))' +
      ' AND list_contains($9, unit))',
    [{ texts: ["it's"] }, { texts: ['a', 'b'] }, 'id', { texts: ['GiB'] }],
  ],
  [
    'the empty text stands for an absent attribute too: whatever has another value is left out',
    { scopes, whole: false, numbers: undefined, count: 3000 },
    { attributes: new Map([['id', ['', 'b']]]) },
    ' AND p.series IN (SELECT number FROM series WHERE scope >= $4 AND scope <= $5' +
      ' AND number NOT IN (SELECT series FROM attributes\n    WHERE name = $7 AND NOT list_contains($6, value)))',
    [{ texts: ['', 'b'] }, 'id'],
  ],
])('%s', (_name, selection, given, condition, params) => {
  const made = totalSql(query({ ...given, groupby: [{ by: 'type' }] }), SNAPSHOT, REST.none, selection)
  expect(made.sql).toContain(`FROM points p WHERE ${RANGE} AND p.scope >= $4 AND p.scope <= $5${condition} GROUP BY 1)`)
  expect(made.sql).toContain(
    'JOIN (SELECT * FROM series WHERE scope >= $4 AND scope <= $5) series ON series.number = summed.series',
  )
  expect(made.params.slice(3, -1)).toEqual([7, 8, ...params])
})
