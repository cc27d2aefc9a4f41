import { afterAll, expect, test } from 'vitest'
import { decimal } from '../domain/decimal.ts'
import { audited, AuditTrail, type ChangeEntry, type ChangeRecord, listAudit, purgeAudit } from './audit.ts'
import { audit } from './schema.ts'
import { openTestState } from './testing/open-test-state.ts'

const state = await openTestState()
const { db } = state
afterAll(() => state[Symbol.asyncDispose]())

const ENTRY: ChangeEntry = { action: 'update', kind: 'thing', target: 'x', before: { n: 1 }, after: { n: 2 } }

test('a record holds decimals and times as text, and long or unwritable texts cut and mended', async () => {
  const after = {
    cost: decimal('0.10'),
    at: new Date('2026-06-11T00:00:00Z'),
    on: true,
    gone: null,
    long: 'x'.repeat(5000),
    odd: 'a\ud800b\0c',
  }
  await audited(db, { who: 'ada', projectId: 'p', requestId: 'req-1' }, (_tx, record) => record({ ...ENTRY, after }))
  const stored = (await listAudit(db, { limit: 1 }))[0]!
  expect(stored).toMatchObject({ who: 'ada', projectId: 'p', requestId: 'req-1', kind: 'thing', before: { n: 1 } })
  expect(stored.after).toEqual({
    cost: '0.1',
    at: '2026-06-11T00:00:00.000Z',
    on: true,
    long: `${'x'.repeat(1000)}… (5000 characters)`,
    odd: 'a\ufffdb\ufffdc',
  })
})

test('what changes nothing is not recorded, and nobody is told of it', async () => {
  const told: ChangeRecord[] = []
  const author = { who: 'ada', onRecorded: (record: ChangeRecord) => void told.push(record) }
  const count = async () => (await listAudit(db, { limit: 1000 })).length
  const before = await count()
  const same = { cost: decimal('1.0'), at: new Date(0), on: true, gone: null }
  const equal = { on: true, cost: decimal('1'), at: new Date(0) }
  await audited(db, author, (_tx, record) =>
    record([
      { ...ENTRY, before: same, after: equal },
      { ...ENTRY, before: undefined, after: undefined },
    ]),
  )
  expect([await count(), told]).toEqual([before, []])
  // A creation of something without values is one all the same.
  await audited(db, author, (_tx, record) => record([{ ...ENTRY, action: 'create', before: {}, after: {} }]))
  expect([await count(), told.length]).toEqual([before + 1, 1])
})

test('a change that fails leaves no record and tells nobody', async () => {
  const told: ChangeRecord[] = []
  const before = (await listAudit(db, { limit: 1000 })).length
  const author = { who: 'ada', onRecorded: (record: ChangeRecord) => void told.push(record) }
  const failing = audited(db, author, async (_tx, record) => {
    await record(ENTRY)
    throw new Error('no')
  })
  await expect(failing).rejects.toThrow('no')
  expect(await listAudit(db, { limit: 1000 })).toHaveLength(before)
  expect(told).toEqual([])
  await audited(db, author, (_tx, record) => record([ENTRY, ENTRY]))
  expect(told).toHaveLength(2)
})

test('a change of more things than a statement may have parameters is recorded whole', async () => {
  const trail = new AuditTrail({ who: 'many' })
  await trail.record(
    db,
    Array.from({ length: 2500 }, (_, i) => ({ ...ENTRY, target: `t${i}` })),
  )
  const records = await listAudit(db, { limit: 2500 })
  expect(records.toReversed().map((record) => record.target)).toEqual(Array.from({ length: 2500 }, (_, i) => `t${i}`))
})

test('records are listed from a moment on, and forgotten by age', async () => {
  const at = new Date('2020-01-01T00:00:00Z')
  await db.insert(audit).values({ at, userId: 'old', action: 'create', kind: 'thing', target: 'x' })
  const since = Date.UTC(2021, 0, 1) / 1000
  expect((await listAudit(db, { since, limit: 5000 })).map((record) => record.who)).not.toContain('old')
  expect(await purgeAudit(db, 400)).toBe(1)
  expect(await purgeAudit(db, 400)).toBe(0)
})
