import { expect, test } from 'vitest'
import type { StoredRecord } from '../state/audit.ts'
import { renderRecord } from './audit.ts'

const RECORD: StoredRecord = {
  id: 7,
  at: new Date('2026-06-11T08:30:12.104Z'),
  who: 'ada',
  projectId: '7a7e',
  requestId: 'req-1',
  action: 'update',
  kind: 'hashmap_mapping',
  target: '8c1f',
  before: { cost: '0.1', type: 'flat', end: '2026-07-01T00:00:00' },
  after: { cost: '0.2', type: 'flat' },
}

test('a line says who changed what, and of an update only what became otherwise', () => {
  expect(renderRecord(RECORD)).toBe(
    '2026-06-11T08:30:12.104Z  ada of 7a7e  update hashmap_mapping 8c1f  cost: "0.1" → "0.2", end: "2026-07-01T00:00:00" → –  req-1',
  )
})

test('a line of a new thing has its values, and leaves out what nobody said', () => {
  const record = {
    ...RECORD,
    action: 'create',
    projectId: null,
    requestId: null,
    before: null,
    after: { enabled: true },
  }
  expect(renderRecord(record as StoredRecord)).toBe(
    '2026-06-11T08:30:12.104Z  ada  create hashmap_mapping 8c1f  enabled=true',
  )
})

test('a name that would drive a terminal is shown as text', () => {
  const line = renderRecord({ ...RECORD, who: '\u001b[2J', target: 'a\nb', after: { cost: '\u009b2J' } })
  // oxlint-disable-next-line no-control-regex -- these are what must not be there
  expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
})
