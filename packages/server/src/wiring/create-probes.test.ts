import { expect, test } from 'vitest'
import { openTestState } from '../state/testing/open-test-state.ts'
import { probeDeps } from './create-probes.ts'
import type { Service } from './open-service.ts'

test('however many probes come at once, state is asked for two of them at most', async () => {
  await using state = await openTestState()
  let asked = 0
  const db = new Proxy(state.db, {
    get(target, name) {
      if (name === 'execute' || name === 'select') asked++
      const member: unknown = Reflect.get(target, name, target)
      return typeof member === 'function' ? (member.bind(target) as unknown) : member
    },
  })
  const { unhealthy, trouble } = probeDeps({
    db,
    health: { db, writes: { failedAt: undefined }, folders: [] },
    names: { scopeKey: 'project_id', fetcher: 'x', collector: 'x' },
    config: { options: { collect: {}, processor: {} } },
  } as unknown as Service)
  const of = async (question: () => unknown) => {
    asked = 0
    const answers = await Promise.all(Array.from({ length: 300 }, () => question()))
    expect(new Set(answers)).toEqual(new Set([undefined]))
    return asked
  }
  expect(await of(unhealthy)).toBeLessThanOrEqual(2)
  // Three things are asked for each.
  expect(await of(trouble)).toBeLessThanOrEqual(2 * 3)
})
