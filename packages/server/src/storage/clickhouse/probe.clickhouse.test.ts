import { randomUUID } from 'node:crypto'
import { createClient } from '@clickhouse/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deadUrl } from '../../lib/testing/serve-http.ts'
import { whyNoClickHouse } from '../testing/test-clickhouse.ts'
import { plugin } from './index.ts'
import { UPGRADES } from './schema.ts'
import { type WireStores, wireStores } from './testing/wire-stores.ts'

const missing = whyNoClickHouse()
const never = new AbortController().signal

describe.skipIf(missing !== undefined)(`ClickHouse is asked${missing ? ` (skipped: ${missing})` : ''}`, () => {
  let stores: WireStores
  beforeAll(async () => {
    stores = await wireStores()
  })
  afterAll(() => stores[Symbol.asyncDispose]())

  const probe = (options: Record<string, string>) =>
    plugin.probe!(plugin.options.parse({ url: stores.url, ...options }), never)

  test('it says that a database is not there and makes none, that ours is well, and refuses a newer one', async () => {
    const database = `cloudtabby_test_${randomUUID().replaceAll('-', '')}`
    const absent = `the database ${database} is not there yet; the first start makes it. If something was rated before, the name is wrong`
    expect(await probe({ database })).toBe(absent)
    expect(await probe({ database })).toBe(absent)
    await using _ = await stores.open({ database })
    expect(await probe({ database })).toBeUndefined()
    const admin = createClient({ url: stores.url })
    try {
      await admin.command({ query: `INSERT INTO ${database}.schema_version (version) VALUES (${UPGRADES.length + 1})` })
    } finally {
      await admin.close()
    }
    await expect(probe({ database })).rejects.toMatchObject({ code: 'storage.newer_version' })
  })

  test('a server that is away is told by its address', async () => {
    const url = await deadUrl()
    await expect(probe({ url })).rejects.toMatchObject({
      code: 'storage.unavailable',
      message: expect.stringContaining(new URL(url).host),
    })
  })
})
