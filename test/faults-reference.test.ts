import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FAULTS, type FaultKind } from '../packages/server/src/lib/fault.ts'
import { faultsReference } from '../scripts/faults-reference.ts'

test('docs/reference/faults.md is what the catalogue says; if not: npx tsx scripts/print-faults-reference.ts', () => {
  const file = join(import.meta.dirname, '../docs/reference/faults.md')
  expect(readFileSync(file, 'utf8')).toBe(faultsReference())
})

test('what is not the fault of a caller, or of what it sent, is told to callers by a text of the catalogue', () => {
  const asWritten = Object.entries<FaultKind>(FAULTS).filter(([, kind]) => kind.publicText === null)
  const internal = asWritten.filter(([, { blames, status }]) => blames !== 'caller' && status >= 500)
  expect(internal).toEqual([])
})
