import fc from 'fast-check'
import { expect, test } from 'vitest'
import { periodsFrom } from '../domain/period.ts'
import { AnswerBudget, halve, planParts } from './plan-parts.ts'

const scopesOf = (count: number) => Array.from({ length: count }, (_, i) => `s${i}`)

test('every scope and period is asked for once, within the limits', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 50 }),
      fc.integer({ min: 0, max: 50 }),
      fc.record({
        maxScopes: fc.integer({ min: 1, max: 100 }),
        maxPeriods: fc.integer({ min: 1, max: 100 }),
        maxCells: fc.integer({ min: 1, max: 300 }),
      }),
      (scopeCount, periodCount, limits) => {
        const parts = planParts({ scopes: scopesOf(scopeCount), periods: periodsFrom(0, periodCount, 60) }, limits)
        const cells = new Set<string>()
        let sum = 0
        for (const { scopes, periods } of parts) {
          expect(scopes.length).toBeLessThanOrEqual(limits.maxScopes)
          expect(periods.length).toBeLessThanOrEqual(limits.maxPeriods)
          expect(scopes.length * periods.length).toBeLessThanOrEqual(limits.maxCells)
          expect(periods).toEqual(periodsFrom(periods[0]!.begin, periods.length, 60))
          for (const scope of scopes) for (const { begin } of periods) cells.add(`${scope} ${begin}`)
          sum += scopes.length * periods.length
        }
        expect(cells.size).toBe(scopeCount * periodCount)
        expect(sum).toBe(cells.size)
      },
    ),
  )
})

test('what fits is asked for at once', () => {
  const whole = { scopes: scopesOf(50), periods: periodsFrom(0, 24, 3600) }
  expect(planParts(whole, { maxScopes: 1000, maxPeriods: 10_000, maxCells: 50_000 })).toEqual([whole])
})

test('halving goes on down to one scope in one period', () => {
  const count = (part: Parameters<typeof halve>[0]): number => {
    const halves = halve(part)
    return halves ? count(halves[0]) + count(halves[1]) : 1
  }
  expect(count({ scopes: scopesOf(7), periods: periodsFrom(0, 11, 60) })).toBe(77)
})

test('many series for each scope make questions smaller, and trouble too, and both pass', () => {
  const budget = new AnswerBudget()
  const atFirst = budget.maxCells
  budget.answered(10, 10_000)
  const crowded = budget.maxCells
  expect(crowded).toBeLessThan(atFirst / 10)
  budget.struggled()
  expect(budget.maxCells).toBeLessThan(crowded)
  for (let i = 0; i < 20; i++) budget.answered(10, 100)
  expect(budget.maxCells).toBe(atFirst)
  for (let i = 0; i < 100; i++) budget.struggled()
  expect(budget.maxCells).toBe(1)
})
