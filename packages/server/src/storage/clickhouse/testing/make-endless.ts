import { type ClickHouseClientConfigOptions, createClient } from '@clickhouse/client'
import { BY_ATTRIBUTE, BY_TYPE, type EndlessStore } from '../../testing/endless.ts'
import { HOUR, JUNE, point, series } from '../../testing/points.ts'
import { openClickHouseStore } from '../open-clickhouse-store.ts'
import { quoteIdentifier } from '../tables.ts'

/** Rows that nobody sees the last of, though none comes. */
const ROWS = {
  attributes: `SELECT name, scope_id, series, value FROM kept
    UNION ALL SELECT 'id', 'alpha', toInt64(number), toString(number)`,
  points: `SELECT * FROM kept UNION ALL SELECT 'alpha', 'endless', '', toInt64(number), ${JUNE}, toInt64(${JUNE + HOUR}), 1, CAST(0, 'Decimal(38, 18)'),
    CAST(0, 'Decimal(38, 18)'), '[]'`,
} as const

/**
 * In a database of its own, which goes with it. `connect` gives what a client asks its engine by. Attributes are looked at while the
 * engine plans, points when it has begun.
 */
export async function makeEndless(
  table: keyof typeof ROWS,
  connect: () => Pick<ClickHouseClientConfigOptions, 'url' | 'connection'> & { readonly url: string },
): Promise<EndlessStore> {
  const name = `cloudtabby_test_endless_${process.pid}_${Date.now()}`
  const database = quoteIdentifier(name)
  const store = await openClickHouseStore({ ...connect(), database: name, username: 'default', password: '' })
  await store.write(1, [point(series())])
  const admin = createClient(connect())
  const command = (query: string) => admin.command({ query })
  const kept = `${database}.kept`
  await command(`RENAME TABLE ${database}.${table} TO ${kept}`)
  await command(`CREATE VIEW ${database}.${table} AS ${ROWS[table].replace('kept', kept)}
    FROM system.numbers WHERE sipHash64(number) = 0`)
  return {
    store,
    sought: table === 'attributes' ? BY_ATTRIBUTE : BY_TYPE,
    async working() {
      // One that was told to end may still be in the list, as chdb has it.
      const query = `SELECT count() FROM system.processes WHERE query LIKE '%${name}%' AND query NOT LIKE '%system.processes%' AND is_cancelled = 0`
      const answer = await admin.query({ query, format: 'JSONCompactEachRow' })
      const [[count]] = (await answer.json<[string]>()) as [[string]]
      return Number(count)
    },
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      await command(`DROP DATABASE ${database}`)
      await admin.close()
    },
  }
}
