import { expect, test } from 'vitest'
import { z } from 'zod'
import { Disposer } from '../lib/disposer.ts'
import { Fault } from '../lib/fault.ts'
import { faultOf } from '../lib/testing/thrown.ts'
import { noopModule } from '../rating/noop/noop-module.ts'
import type { RatingContext, RatingModule } from '../rating/rating-module.ts'
import { made, openRatingModules } from './make-plugin.ts'

const options = z.object({})
const chosen = (name: string, create: () => unknown) => ({
  plugin: { name, options, create: create as () => RatingModule },
  options: {},
})
const CONTEXT = {} as RatingContext
const throwing = (thrown: unknown) => () => {
  throw thrown
}

test.each([
  ['throws an error', throwing(new Error('no licence')), "the collector 'mine' cannot be made: no licence"],
  ['throws anything', throwing('no licence'), "the collector 'mine' cannot be made: no licence"],
  [
    'makes nothing',
    () => undefined,
    "the collector 'mine' made something without collect, [Symbol.asyncDispose]; ask who wrote it",
  ],
])('a plugin that %s is told by name', async (_case, create, message) => {
  const fault = await faultOf(made('collector', chosen('mine', create), CONTEXT))
  expect(fault).toMatchObject({ code: 'config.invalid', message })
})

test("a plugin's own fault is passed on", async () => {
  const own = new Fault('collect.unreachable', 'no answer')
  expect(await faultOf(made('fetcher', chosen('mine', throwing(own)), CONTEXT))).toBe(own)
})

test.each([
  [{ ...noopModule() }, "the rating module 'mine' calls itself 'noop'; ask who wrote it"],
  [
    { ...noopModule(), name: 'mine', routes: [{ path: ['/v1/rating/module_config/mine/x', '/v2/summary'] }] },
    "the rating module 'mine' has a route /v2/summary, which is not below /v1/rating/module_config/mine; ask who wrote it",
  ],
])(
  'a rating module that takes what is not its own is refused, and those before it are disposed of',
  async (module, message) => {
    const closed: string[] = []
    const owner = new Disposer()
    const first = { ...noopModule(), [Symbol.asyncDispose]: async () => void closed.push('noop') }
    const opening = openRatingModules([chosen('noop', () => first), chosen('mine', () => module)], CONTEXT, owner)
    expect(await faultOf(opening)).toMatchObject({ code: 'config.invalid', message })
    await owner[Symbol.asyncDispose]()
    expect(closed).toEqual(['noop'])
  },
)
