import { expect, test } from 'vitest'
import type { SampleQuery } from '../../domain/sample.ts'
import { HOUR, JUNE } from '../testing/points.ts'
import { firstSampleSql, sampleScopesSql, samplesSql } from './sample-sql.ts'

const SNAPSHOT = { highest: 9, hidden: [4], tombstones: [] }

const QUERY: SampleQuery = {
  name: "cpu'",
  method: 'mean',
  labels: ['id'],
  scopeKey: 'project_id',
  scopes: ['alpha'],
  periods: [
    { begin: JUNE, end: JUNE + HOUR },
    { begin: JUNE + HOUR, end: JUNE + 2 * HOUR },
  ],
}

const WANTED = `selection AS MATERIALIZED (SELECT s.number AS series, coalesce(l0.value, '') AS label0 FROM sample_series s LEFT JOIN (SELECT series, value FROM sample_labels WHERE name = $4) l0
    ON l0.series = s.number
  WHERE s.name = $5 AND s.number IN (SELECT series FROM sample_labels
    WHERE name = $6 AND list_contains($7, value)))`
const PARAMS = [JUNE, JUNE + 2 * HOUR, HOUR, 'id', "cpu'", 'project_id', { texts: ['alpha'] }, 9, { integers: [4] }]

test.each([
  ['sum', 'sum(x.value) AS v0', 'v0'],
  ['max', 'max(x.value) AS v0', 'v0'],
  ['mean', 'sum(x.value) AS v0, count(*) AS v1', 'v0, v1'],
  ['last', "max({'instant': x.instant, 'batch': x.batch, 'value': x.value}).value AS v0", 'v0'],
] as const)('%s is one aggregate by period and labels', (method, aggregate, columns) => {
  const made = samplesSql({ ...QUERY, method }, SNAPSHOT)!
  expect(made.sql).toBe(`WITH ${WANTED},
grouped AS (SELECT (x.instant - $1) // $3 AS period, label0, ${aggregate}
  FROM samples x JOIN selection USING (series) WHERE x.instant >= $1 AND x.instant < $2 AND x.batch <= $8 AND NOT list_contains($9, x.batch) GROUP BY period, label0)
SELECT ${columns}, period, label0 FROM grouped ORDER BY period, label0`)
  expect(made.params).toEqual(PARAMS)
})

test('a time-weighted mean has the same parameters, and reads what was before its range', () => {
  const made = samplesSql({ ...QUERY, method: 'time_weighted_mean' }, SNAPSHOT)!
  expect(made.params).toEqual(PARAMS)
  expect(made.sql).toContain('WHERE x.series IN (SELECT series FROM readings) AND x.instant < $1 AND x.batch <= $8')
})

test.each([
  ['no scopes', { scopes: [] }],
  ['no periods', { periods: [] }],
])('%s: nothing to ask', (_name, given) => {
  expect(samplesSql({ ...QUERY, ...given }, SNAPSHOT)).toBeUndefined()
})

test('scopes and the first sample go by the visible batches', () => {
  expect(sampleScopesSql('project_id', SNAPSHOT)).toEqual({
    sql: `SELECT DISTINCT value FROM sample_labels WHERE name = $1 AND value <> ''
  AND series IN (SELECT x.series FROM samples x WHERE x.batch <= $2 AND NOT list_contains($3, x.batch))
ORDER BY value`,
    params: ['project_id', 9, { integers: [4] }],
  })
  expect(firstSampleSql(SNAPSHOT)).toEqual({
    sql: 'SELECT min(x.instant) FROM samples x WHERE x.batch <= $1 AND NOT list_contains($2, x.batch)',
    params: [9, { integers: [4] }],
  })
})
