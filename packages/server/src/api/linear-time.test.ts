import { afterAll, expect, test } from 'vitest'
import { pathsOf } from '../http/route.ts'
import { openTestApi } from './testing/open-test-api.ts'
import { operationAt } from './testing/operation-at.ts'

const api = await openTestApi()
afterAll(() => api[Symbol.asyncDispose]())

/** What regular expressions stumble over when it is repeated: a beginning, and a piece. */
const TEXTS = [
  ...[' ', '0', 'a', '.', ',', ':', '-', '/', '\\', '"', '(', '[', 'a:b,', '+1'].map((piece) => ['', piece] as const),
  ['2026-06-01', ' '],
  ['2026-06-01T00:00:00.', '0'],
  ['SUM(qty)', ' '],
  ['', 'SUM(qty),'],
  ['', 'a:""x,'],
] as const
const SHORT = 8192
const LONG = 8 * SHORT
/** Quadratic work takes 64 times as long for 8 times the text. */
const GROWTH_MAX = 24
/** What ends within so much computing time is not looked at any further. */
const CHEAP_MS = 100

interface Parameter {
  readonly name: string
  readonly in: string
  readonly schema: { readonly type?: string; readonly format?: string; readonly enum?: readonly string[] }
}

/** The least computing time of a few tries, in milliseconds: other processes of the machine do not count in it. */
async function costOf(work: () => Promise<unknown>, tries: number): Promise<number> {
  let least = Infinity
  for (let i = 0; i < tries; i++) {
    const before = process.cpuUsage()
    await work()
    const { user, system } = process.cpuUsage(before)
    least = Math.min(least, (user + system) / 1000)
    if (least < CHEAP_MS) break
  }
  return least
}

async function expectLinear(name: string, send: (length: number) => Promise<unknown>): Promise<void> {
  const long = await costOf(() => send(LONG), 3)
  if (long < CHEAP_MS) return
  const short = await costOf(() => send(SHORT), 3)
  expect({ name, linear: long < GROWTH_MAX * Math.max(short, 5), long, short }).toMatchObject({ linear: true })
}

const CASES = api.routes.flatMap((route) =>
  pathsOf(route)
    .filter((path) => !path.startsWith('/v1/billing/'))
    .map((path) => [`${route.method} ${path}`, route, path] as const),
)

test.each(CASES)(
  '%s reads long texts in a time that grows no faster than they do',
  async (name, route, path) => {
    const method = route.method === 'ANY' ? 'GET' : route.method
    const { parameters = [] } = operationAt(route, path) as { parameters?: readonly Parameter[] }
    const inQuery = parameters.filter((parameter) => parameter.in === 'query')
    const inPath = parameters.filter((parameter) => parameter.in === 'path')
    // Schemas read all parameters of a request; what a handler reads itself it reads only when all others are in order.
    const alone = inQuery.filter(
      ({ schema: { type, ...schema } }) => (type === 'string' || type === 'array') && !schema.format && !schema.enum,
    )
    const sets = [inQuery, ...alone.map((one) => [one])].filter((set) => set.length > 0)
    const straight = path.replaceAll(/\{\w+\*?\}/g, 'x')
    for (const [beginning, piece] of TEXTS) {
      const text = (length: number) => `${beginning}${piece.repeat(length / piece.length)}!`
      const told = `${name} ${JSON.stringify(beginning + piece)}`
      for (const set of sets) {
        await expectLinear(`${told} ${set.map((one) => one.name).join()}`, (length) => {
          const query = set.map((one) => `${one.name}=${encodeURIComponent(text(length / set.length))}`).join('&')
          return api.call(method, `${straight}?${query}`)
        })
      }
      if (inPath.length > 0) {
        await expectLinear(`${told} in the path`, (length) =>
          api.call(
            method,
            path.replaceAll(/\{\w+\*?\}/g, () => encodeURIComponent(text(length))),
          ),
        )
      }
      if (!route.body || method === 'GET') continue
      const members = Object.keys((route.body as { shape?: object }).shape ?? {})
      await expectLinear(`${told} in the body`, (length) =>
        api.call(method, straight, { body: Object.fromEntries(members.map((member) => [member, text(length)])) }),
      )
      await expectLinear(`${told} as the body`, (length) => api.call(method, straight, { body: text(length) }))
    }
  },
  600_000,
)

test('paths of many segments, and headers, are read in a time that grows no faster than they do', async () => {
  for (const prefix of ['/v1/rating', '/v2/task', '/nope', '/v1/rating/module_config/hashmap']) {
    await expectLinear(prefix, (length) => api.call('GET', prefix + '/a'.repeat(length / 2)))
  }
  for (const header of ['accept', 'content-type', 'x-openstack-request-id', 'x-auth-token']) {
    for (const piece of [';', ',', 'a/', 'q=0', 'req-', 'a+']) {
      await expectLinear(`${header} ${piece}`, (length) =>
        api.call('POST', '/v1/rating/quote', { body: {}, headers: { [header]: piece.repeat(length / piece.length) } }),
      )
    }
  }
})
