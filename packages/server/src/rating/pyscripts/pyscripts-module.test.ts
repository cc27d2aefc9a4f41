import { expect, test } from 'vitest'
import type { Frame } from '../../domain/point.ts'
import { Fault } from '../../lib/fault.ts'
import { openTestState } from '../../state/testing/open-test-state.ts'
import { parseRuleTime } from '../rule-time.ts'
import { pyscriptsModule } from './pyscripts-module.ts'
import { createScript, deleteScript } from './scripts.ts'

const CHANGE = { who: 'somebody', now: parseRuleTime('2026-06-11T08:30:00')! }

function frameOf(text: string): Frame {
  const begin = Number(parseRuleTime(text)! / 1_000_000n)
  return { scopeId: 'p1', period: { begin, end: begin + 3600 }, points: [] }
}

test('a script in force fails the scope rather than leaving its part of the price out', async () => {
  await using state = await openTestState()
  const module = pyscriptsModule(state.db)
  const rate = async (text: string) =>
    (await module.load()).rate([frameOf(text)], { signal: new AbortController().signal })
  await expect(rate('2026-06-11T09:00:00')).resolves.toEqual([frameOf('2026-06-11T09:00:00')])

  const end = parseRuleTime('2026-06-11T11:00:00')!
  const { id } = await createScript(state.db, { name: 'night', data: 'pass', end }, { force: false }, CHANGE)
  await expect(rate('2026-06-11T08:00:00')).resolves.toBeDefined()
  await expect(rate('2026-06-11T11:00:00')).resolves.toBeDefined()
  const refusal = await rate('2026-06-11T09:00:00').catch((error: unknown) => error)
  expect(refusal).toBeInstanceOf(Fault)
  expect(refusal).toMatchObject({ code: 'rating.failed', scopeIds: ['p1'], detail: { script: 'night' } })
  expect((refusal as Fault).message).toContain('cannot be run')

  await deleteScript(state.db, id, CHANGE)
  await expect(rate('2026-06-11T09:00:00')).resolves.toBeDefined()
})
