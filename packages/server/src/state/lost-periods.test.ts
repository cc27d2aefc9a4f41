import { expect, test } from 'vitest'
import { lostPeriods } from './lost-periods.ts'
import type { LedgerEntry } from './points-ledger.ts'

/** A batch that rated one scope: lost when its number is negative. */
const rated = (batch: number, begin: number, end: number, scope = 1): LedgerEntry => ({
  batch,
  kind: 'rated',
  points: 1,
  samples: 0,
  rated: { scopes: [scope], begin, end },
})
const lostOf = (entries: readonly LedgerEntry[], nextBegin: number) =>
  lostPeriods(entries, ({ batch }) => batch < 0, new Map([[1, nextBegin]])).get(1)

test('of what was rated last the scope goes back to where it is whole', () => {
  expect(lostOf([rated(1, 0, 5), rated(-2, 5, 6), rated(-3, 6, 9)], 9)).toEqual({ from: 5, again: [] })
})

test('what is there stays; holes before it are rated again by themselves', () => {
  expect(lostOf([rated(-1, 0, 2), rated(2, 2, 4), rated(-3, 4, 5), rated(4, 5, 6)], 6)).toEqual({
    from: undefined,
    again: [
      { begin: 0, end: 2 },
      { begin: 4, end: 5 },
    ],
  })
})

test('what was lost and then rated again counts as there, and what was there and then replaced by what is lost as lost', () => {
  expect(lostOf([rated(-1, 0, 9), rated(2, 2, 4)], 9)).toEqual({ from: 4, again: [{ begin: 0, end: 2 }] })
  expect(lostOf([rated(1, 0, 9), rated(-2, 2, 4)], 9)).toEqual({ from: undefined, again: [{ begin: 2, end: 4 }] })
  expect(lostOf([rated(-1, 2, 4), rated(2, 0, 9)], 9)).toBeUndefined()
})

test('what a reset has taken back is not lost', () => {
  expect(lostOf([rated(1, 0, 4), rated(-2, 4, 9)], 6)).toEqual({ from: 4, again: [] })
  expect(lostOf([rated(1, 0, 4), rated(-2, 4, 9)], 4)).toBeUndefined()
})

test('pushes rate nothing, and scopes that are gone are left out', () => {
  expect(lostOf([{ ...rated(-1, 0, 1), rated: undefined }, rated(-2, 0, 5, 7)], 5)).toBeUndefined()
})
