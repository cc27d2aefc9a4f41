import { expect, test } from 'vitest'
import { decimal, formatDecimal, toFixed, ZERO } from '../../domain/decimal.ts'
import { type Frame, NO_RULES } from '../../domain/point.ts'
import { toSeries } from '../../domain/series.ts'
import type { State, StateDatabase } from '../../state/database.ts'
import type { RatingModule } from '../rating-module.ts'
import { parseRuleTime } from '../rule-time.ts'
import { createField } from './fields.ts'
import { createGroup } from './groups.ts'
import { hashmapModule } from './hashmap-module.ts'
import { loadRules } from './load-rules.ts'
import { createMapping, deleteMapping, getMapping, updateMapping } from './mappings.ts'
import { createService, deleteService } from './services.ts'
import { createThreshold, deleteThreshold, listThresholds, updateThreshold } from './thresholds.ts'

const NOW = parseRuleTime('2026-06-11T08:30:12.104211')!
const CHANGE = { who: 'somebody', now: NOW }
const FORCED = { force: true }
const LONG_AGO = parseRuleTime('2020-01-01')!

function frameOf(text: string, scopeId?: string): Frame {
  const begin = Number(parseRuleTime(text)! / 1_000_000n)
  const metadata = { flavor: 'small' }
  const series = toSeries({ scopeId: scopeId ?? '', type: 'instance', unit: 'h', groupby: {}, metadata })
  const period = { begin, end: begin + 3600 }
  return { scopeId, period, points: [{ series, ...period, quantity: decimal('2'), price: ZERO, rules: NO_RULES }] }
}

async function priceOf(module: RatingModule, frame: Frame): Promise<string> {
  const rater = await module.load()
  return formatDecimal((await rater.rate([frame], { signal: new AbortController().signal }))[0]!.points[0]!.price)
}

async function instanceService(db: StateDatabase): Promise<string> {
  return (await createService(db, { name: 'instance' }, CHANGE)).id
}

/** What holds of hashmap's rules in state, whichever database that is. */
export function hashmapModuleContract(open: () => Promise<State>): void {
  test('rules in state price points, by their dates, groups and scopes', async () => {
    await using state = await open()
    const { db } = state
    const module = hashmapModule(db)
    const serviceId = await instanceService(db)
    const { id: fieldId } = await createField(db, { name: 'flavor', serviceId }, CHANGE)
    const { id: groupId } = await createGroup(db, { name: 'discounts' }, CHANGE)
    const flat = { type: 'flat', cost: decimal('0.5') } as const
    const start = LONG_AGO
    await createMapping(db, { ...flat, fieldId, groupId, value: 'small', start }, FORCED, CHANGE)
    await createMapping(db, { ...flat, serviceId, cost: decimal('1'), start }, FORCED, CHANGE)
    await createMapping(db, { ...flat, serviceId, cost: decimal('7'), tenantId: 'A', start }, FORCED, CHANGE)
    await createThreshold(
      db,
      { type: 'rate', cost: decimal('0.1'), level: decimal('2'), fieldId: null, serviceId },
      CHANGE,
    )

    expect(await priceOf(module, frameOf('2026-01-01'))).toBe('1.2')
    expect(await priceOf(module, frameOf('2026-01-01', 'A'))).toBe('2.4')
    // Thresholds have always been valid, but the mappings had not begun.
    expect(await priceOf(module, frameOf('2019-01-01'))).toBe('0')
  })

  test('a rule without dates is valid from the period after its creation on', async () => {
    await using state = await open()
    const module = hashmapModule(state.db)
    const serviceId = await instanceService(state.db)
    await createMapping(state.db, { type: 'flat', cost: decimal('1'), serviceId }, { force: false }, CHANGE)
    expect(await priceOf(module, frameOf('2026-06-11T08:00:00'))).toBe('0')
    expect(await priceOf(module, frameOf('2026-06-11T09:00:00'))).toBe('2')
  })

  test('every change of a rule shows at the next load, and without a change the rater stays the same', async () => {
    await using state = await open()
    const { db } = state
    const module = hashmapModule(db)
    const frame = frameOf('2026-01-01')
    expect(await priceOf(module, frame)).toBe('0')
    const serviceId = await instanceService(db)
    const mapping = { type: 'flat', cost: decimal('1'), serviceId, start: LONG_AGO } as const
    const { id } = await createMapping(db, mapping, FORCED, CHANGE)
    expect(await priceOf(module, frame)).toBe('2')
    expect(await module.load()).toBe(await module.load())

    const threshold = { type: 'flat', cost: decimal('3'), level: decimal('1') } as const
    const created = await createThreshold(db, { ...threshold, serviceId }, CHANGE)
    expect(await priceOf(module, frame)).toBe('5')
    const wanted = { ...threshold, cost: decimal('4'), tenantId: null, groupId: undefined }
    await updateThreshold(db, created.id, wanted, CHANGE, 'refuse')
    expect(await priceOf(module, frame)).toBe('6')
    await deleteThreshold(db, created.id, CHANGE)
    expect(await priceOf(module, frame)).toBe('2')

    await deleteMapping(db, id, CHANGE)
    expect(await priceOf(module, frame)).toBe('0')
    await createMapping(db, mapping, FORCED, CHANGE)
    expect(await priceOf(module, frame)).toBe('2')
    await deleteService(db, serviceId, CHANGE)
    expect(await priceOf(module, frame)).toBe('0')
  })

  test('of a rule that was changed while it was running the former version prices the time before', async () => {
    await using state = await open()
    const { db } = state
    const module = hashmapModule(db)
    const serviceId = await instanceService(db)
    const mapping = { type: 'flat', cost: decimal('1'), serviceId, start: LONG_AGO } as const
    const { id } = await createMapping(db, mapping, FORCED, CHANGE)
    const threshold = { type: 'flat', cost: decimal('10'), level: decimal('1') } as const
    const { id: thresholdId } = await createThreshold(db, { ...threshold, serviceId }, CHANGE)
    const prices = () =>
      Promise.all(
        ['2026-01-01', '2026-06-11T08:00:00', '2026-06-11T09:00:00', '2026-07-01T00:00:00', '2026-07-01T01:00:00'].map(
          (begin) => priceOf(module, frameOf(begin)),
        ),
      )
    expect(await prices()).toEqual(['12', '12', '12', '12', '12'])

    await updateMapping(db, id, { cost: decimal('2') }, CHANGE, 'new_version')
    expect(await prices()).toEqual(['12', '12', '14', '14', '14'])
    const july = { ...CHANGE, now: parseRuleTime('2026-07-01T00:30:00')! }
    const wanted = { ...threshold, cost: decimal('20'), tenantId: null, groupId: undefined }
    await updateThreshold(db, thresholdId, wanted, july, 'new_version')
    expect(await prices()).toEqual(['12', '12', '14', '14', '24'])
    // Repeated, as clients do.
    await updateThreshold(db, thresholdId, wanted, july, 'new_version')
    await updateMapping(db, id, { cost: decimal('3') }, july, 'new_version')
    expect(await prices()).toEqual(['12', '12', '14', '14', '26'])

    await deleteThreshold(db, thresholdId, july)
    await deleteMapping(db, id, july)
    expect(await prices()).toEqual(['0', '0', '0', '0', '0'])
  })

  test('rules are loaded in order of creation', async () => {
    await using state = await open()
    const { db } = state
    const names = ['volume', 'instance', 'image']
    for (const name of names) {
      const { id: serviceId } = await createService(db, { name }, CHANGE)
      for (const field of ['z', 'a', 'm']) await createField(db, { name: field, serviceId }, CHANGE)
      for (const cost of ['3', '1', '2']) {
        await createThreshold(db, { type: 'flat', cost: decimal(cost), level: decimal(cost), serviceId }, CHANGE)
      }
    }
    const rules = await loadRules(db)
    expect(rules.map((service) => service.name)).toEqual(names)
    for (const service of rules) {
      expect(service.fields.map((field) => field.name)).toEqual(['z', 'a', 'm'])
      expect(service.thresholds.map((threshold) => formatDecimal(threshold.level))).toEqual(['3', '1', '2'])
    }
  })

  test('costs, levels and times come back exactly as they were written', async () => {
    await using state = await open()
    const serviceId = await instanceService(state.db)
    const cost = decimal('123456789012.1234567890123456789012345678')
    const [start, end] = [parseRuleTime('2999-12-31T00:00:00.000001')!, parseRuleTime('3000-01-01T23:59:59.999999')!]
    const { id } = await createMapping(
      state.db,
      { type: 'flat', cost, serviceId, start, end },
      { force: false },
      CHANGE,
    )
    const mapping = await getMapping(state.db, id)
    expect(toFixed(mapping.cost, 28)).toBe('123456789012.1234567890123456789012345678')
    expect(mapping).toMatchObject({ start, end, createdAt: NOW, createdBy: 'somebody' })

    const level = decimal('-0.00000001')
    await createThreshold(state.db, { type: 'rate', cost: decimal('0'), level, serviceId }, CHANGE)
    const [threshold] = await listThresholds(state.db, { serviceId }, 1)
    expect([formatDecimal(threshold!.level), formatDecimal(threshold!.cost)]).toEqual(['-0.00000001', '0'])
  })

  test('changes that come at the same time are checked one after the other', async () => {
    await using state = await open()
    const serviceId = await instanceService(state.db)
    const attempts = Array.from({ length: 5 }, () =>
      createMapping(state.db, { type: 'flat', cost: decimal('1'), serviceId }, { force: false }, CHANGE),
    )
    const settled = await Promise.allSettled(attempts)
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })
}
