import { sql } from 'drizzle-orm'
import { describe, expect, test } from 'vitest'
import { batchesContract } from '../batches-contract.ts'
import { Batches } from '../batches.ts'
import { Scopes } from '../scopes.ts'
import { createTestDatabase, hasPostgres, openTestPostgres } from '../testing/open-test-postgres.ts'
import { openPostgres } from './open-postgres.ts'

describe.skipIf(!(await hasPostgres()))('on a PostgreSQL server', () => {
  batchesContract('PostgreSQL', openTestPostgres)

  test('migrations run once, however many processes start together', async () => {
    const { url, drop } = await createTestDatabase()
    try {
      const states = await Promise.all(Array.from({ length: 5 }, () => openPostgres({ url, poolSize: 2 })))
      const counters = await states[0]!.db.execute(sql`SELECT value FROM batch_counter`)
      expect(counters).toMatchObject({ rows: [{ value: '0' }] })
      await Promise.all(states.map((state) => state[Symbol.asyncDispose]()))
    } finally {
      await drop()
    }
  })

  test('processors that claim at the same time share the scopes, and a snapshot never shows a batch before its commit', async () => {
    await using state = await openTestPostgres()
    const names = { scopeKey: 'project_id', fetcher: 'source', collector: 'prometheus' }
    const ids = Array.from({ length: 60 }, (_, i) => `scope-${i}`)
    await new Scopes(state.db).see(ids, names, 1_000_000, 0)
    const committed = new Set<number>()
    const seen: string[] = []
    await Promise.all(
      Array.from({ length: 6 }, async (_, worker) => {
        const batches = new Batches(state.db, { owner: `worker-${worker}`, leaseSeconds: 60 })
        for (;;) {
          const claim = await batches.claim({
            ...names,
            now: 10_000,
            periodSeconds: 3600,
            waitPeriods: 1,
            maxScopes: 7,
            maxPeriods: 1,
          })
          if (!claim) return
          const before = await batches.snapshot()
          expect(before.hidden).toContain(claim.batch)
          seen.push(...claim.scopes.map((scope) => `${scope.scopeId}@${claim.begin}`))
          await batches.commit(claim.batch, { claim })
          committed.add(claim.batch)
          // What others commit while it is asked for may be in it or not.
          const sure = [...committed]
          const after = await batches.snapshot()
          expect(after.hidden).not.toContain(claim.batch)
          for (const id of sure) if (id <= before.highest) expect(after.hidden).not.toContain(id)
        }
      }),
    )
    expect(seen.toSorted()).toEqual(ids.flatMap((id) => [`${id}@0`, `${id}@3600`]).toSorted())
  })
})
