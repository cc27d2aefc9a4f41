import { createClient } from '@clickhouse/client'
import { expect, test } from 'vitest'
import { openTestApi } from '../../packages/server/src/api/testing/open-test-api.ts'
import { wireStores } from '../../packages/server/src/storage/clickhouse/testing/wire-stores.ts'
import { whyNoClickHouse } from '../../packages/server/src/storage/testing/test-clickhouse.ts'

const missing = whyNoClickHouse()
const because = missing ? ` (skipped: ${missing})` : ''

const BODY = {
  dataframes: [
    {
      period: { begin: '2026-06-11T07:00:00Z', end: '2026-06-11T08:00:00Z' },
      usage: {
        instance: [
          { vol: { unit: 'instance', qty: 1 }, rating: { price: 0.5 }, groupby: { project_id: 'a' }, metadata: {} },
        ],
      },
    },
  ],
}

test.skipIf(missing !== undefined)(
  `a push that ClickHouse does not take is 503 with the time to wait, nothing of it counts, and it is taken later${because}`,
  async () => {
    await using stores = await wireStores()
    const database = `cloudtabby_test_refused_${process.pid}`
    const admin = createClient({ url: stores.url })
    await using api = await openTestApi({ points: await stores.open({ database, waitsMs: [10] }) })
    const push = () => api.call('POST', '/v2/dataframes', { body: BODY, headers: { 'idempotency-key': 'one' } })
    await admin.command({ query: `RENAME TABLE ${database}.points TO ${database}.away` })
    const refused = await push()
    expect(refused.status).toBe(503)
    expect(refused.headers.get('retry-after')).toBe('5')
    expect(refused.json).toEqual({
      message: 'The data could not be stored, and nothing of it was kept. Send it again later.',
    })
    await admin.command({ query: `RENAME TABLE ${database}.away TO ${database}.points` })
    await api.get(404, 'GET', '/v2/dataframes?begin=2026-06-11T07:00:00Z')
    expect((await push()).status).toBe(204)
    const { total } = await api.get<{ total: number }>(200, 'GET', '/v2/dataframes?begin=2026-06-11T07:00:00Z')
    expect(total).toBe(1)
    await admin.close()
  },
  60_000,
)
