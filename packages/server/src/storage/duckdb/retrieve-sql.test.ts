import { expect, test } from 'vitest'
import { JUNE, HOUR, query } from '../testing/points.ts'
import { pageWindowSql, pointsSql } from './retrieve-sql.ts'

const SNAPSHOT = { highest: 9, hidden: [], tombstones: [] }
const END = JUNE + 30 * 24 * HOUR
const WHERE = 'p.begin_at >= $1 AND p.begin_at < $2 AND p.batch <= $3'

test('a page is first placed among the begins', () => {
  const { sql, params } = pageWindowSql(query({ offset: 40, limit: 20 }), SNAPSHOT, 'all')
  expect(sql).toBe(`WITH counted AS (SELECT p.begin_at, count(*) AS points FROM points p
      WHERE ${WHERE} GROUP BY p.begin_at), placed AS (SELECT begin_at, points, sum(points) OVER (ORDER BY begin_at) AS up_to FROM counted)
SELECT (SELECT coalesce(sum(points), 0)::BIGINT FROM counted), min(begin_at), max(begin_at), min(up_to - points)::BIGINT
FROM placed WHERE up_to > $4 AND up_to - points < $4 + $5`)
  expect(params).toEqual([JUNE, END, 9, 40, 20])
})

test('without a limit the window reaches to the end', () => {
  const { sql, params } = pageWindowSql(query({ offset: 40 }), SNAPSHOT, 'all')
  expect(sql).toMatch(/FROM placed WHERE up_to > \$4$/)
  expect(params).toEqual([JUNE, END, 9, 40])
})

test.each([
  ['a page', { offset: 3, limit: 20 }, [20, 3]],
  ['a page without end', { offset: 3, limit: undefined }, [3]],
  ['everything', undefined, []],
])('%s is sorted by what the interface names, then by value', (_name, page, params: number[]) => {
  const made = pointsSql(query(), SNAPSHOT, 'all', page)
  const placeholders = params.map((_, i) => `$${4 + i}`)
  const limit = params.length === 2 ? ` LIMIT ${placeholders[0]}` : ''
  const offset = params.length > 0 ? ` OFFSET ${placeholders.at(-1)}` : ''
  expect(made.sql).toBe(`SELECT p.begin_at, p.end_at, p.series, p.rules,
  p.quantity, p.quantity_atto, p.quantity_high, p.price, p.price_atto, p.price_high
FROM points p JOIN series ON series.number = p.series WHERE ${WHERE}
ORDER BY p.begin_at, p.end_at, series.type, series.scope_id, series.id,
  p.quantity_high, p.quantity, p.quantity_atto, p.price_high, p.price, p.price_atto, p.rules${limit}${offset}`)
  expect(made.params).toEqual([JUNE, END, 9, ...params])
})
