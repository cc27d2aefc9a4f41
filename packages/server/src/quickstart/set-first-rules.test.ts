import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { decimal, formatDecimal, ZERO } from '../domain/decimal.ts'
import { NO_RULES } from '../domain/point.ts'
import { toSeries } from '../domain/series.ts'
import { hashmapModule } from '../rating/hashmap/hashmap-module.ts'
import { deleteMapping, listMappings } from '../rating/hashmap/mappings.ts'
import { listServices } from '../rating/hashmap/services.ts'
import { parseRuleTime } from '../rating/rule-time.ts'
import type { StateDatabase } from '../state/database.ts'
import { Modules } from '../state/modules.ts'
import { openTestState } from '../state/testing/open-test-state.ts'
import { readRulesFile } from './rules-file.ts'
import { setFirstRules } from './set-first-rules.ts'

const CHANGE = { who: 'quickstart', now: parseRuleTime('2026-06-15T08:00:00')! }
const EXAMPLE = new URL('../../../../examples/quickstart/rules.yml', import.meta.url)

async function readExample() {
  return readRulesFile(await readFile(EXAMPLE, 'utf8'), 'rules.yml')
}

async function priceOf(
  db: StateDatabase,
  scopeId: string,
  type: string,
  quantity: string,
  metadata: Record<string, string>,
) {
  const begin = Date.parse('2026-05-20T00:00:00Z') / 1000
  const period = { begin, end: begin + 3600 }
  const series = toSeries({ scopeId, type, unit: 'x', groupby: { project_id: scopeId }, metadata })
  const point = { series, ...period, quantity: decimal(quantity), price: ZERO, rules: NO_RULES }
  const rater = await hashmapModule(db).load()
  const [rated] = await rater.rate([{ scopeId, period, points: [point] }], { signal: new AbortController().signal })
  return formatDecimal(rated!.points[0]!.price)
}

test('the prices of the example are what its README says', async () => {
  await using state = await openTestState()
  const { db } = state
  expect(await setFirstRules(db, await readExample(), CHANGE)).toBe(true)
  expect(await new Modules(db).get('hashmap')).toMatchObject({ enabled: true })

  const medium = { flavor_name: 'm1.medium', vcpus: '2', os_type: 'linux' }
  expect(await priceOf(db, 'web-shop', 'instance', '1', medium)).toBe('0.026')
  expect(await priceOf(db, 'research', 'instance', '1', medium)).toBe('0.0208')
  expect(await priceOf(db, 'intranet', 'instance', '1', { ...medium, os_type: 'windows' })).toBe('0.046')
  const large = { flavor_name: 'c1.xlarge', vcpus: '16', os_type: 'linux' }
  expect(await priceOf(db, 'media', 'instance', '1', large)).toBe('0.228')
  expect(await priceOf(db, 'media', 'volume.size', '1000', { volume_type: 'hdd' })).toBe('0.06')
  expect(await priceOf(db, 'media', 'volume.size', '2000', { volume_type: 'hdd' })).toBe('0.108')
  expect(await priceOf(db, 'media', 'image.size', '5', {})).toBe('0.0002')
  expect(await priceOf(db, 'media', 'ip.floating', '1', {})).toBe('0.005')
  expect(await priceOf(db, 'media', 'network.outgoing.bytes', '4', {})).toBe('0.08')
  expect(await priceOf(db, 'media', 'network.outgoing.bytes', '10', {})).toBe('0.15')
  expect(await priceOf(db, 'media', 'network.incoming.bytes', '10', {})).toBe('0')
})

test('a later start brings back nothing that the operator changed', async () => {
  await using state = await openTestState()
  const { db } = state
  await setFirstRules(db, await readExample(), CHANGE)
  const before = await listMappings(db, {}, CHANGE.now, 1000)
  await deleteMapping(db, before[0]!.id, CHANGE)
  await new Modules(db).set('hashmap', { enabled: false }, CHANGE)

  expect(await setFirstRules(db, await readExample(), CHANGE)).toBe(false)
  expect(await listMappings(db, {}, CHANGE.now, 1000)).toHaveLength(before.length - 1)
  expect(await new Modules(db).get('hashmap')).toMatchObject({ enabled: false })
})

test('rules that cannot be created leave none behind, and the next start tries again', async () => {
  await using state = await openTestState()
  const { db } = state
  const [service, ...rest] = (await readExample()).filter(({ kind }) => kind !== 'group')
  await expect(setFirstRules(db, [service!, service!, ...rest], CHANGE)).rejects.toMatchObject({
    code: 'request.conflict',
  })
  expect(await listServices(db, 1)).toEqual([])
  expect(await setFirstRules(db, await readExample(), CHANGE)).toBe(true)
})
