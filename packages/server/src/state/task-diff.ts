import { decimal, type Decimal, formatDecimal } from '../domain/decimal.ts'

/** Sums over points. */
export interface Sums {
  readonly quantity: Decimal
  readonly price: Decimal
}

/** What a task made of the sums of one metric type. */
export interface TypeDiff {
  readonly type: string
  readonly before: Sums
  readonly after: Sums
}

type Texts = readonly [quantity: string, price: string]

/** As it is kept in a JSON column, which has no exact numbers: decimals are texts. */
export type StoredDiff = readonly { readonly type: string; readonly before: Texts; readonly after: Texts }[]

export function toStoredDiff(diff: readonly TypeDiff[]): StoredDiff {
  return diff.map(({ type, before, after }) => ({ type, before: toTexts(before), after: toTexts(after) }))
}

export function fromStoredDiff(stored: StoredDiff): TypeDiff[] {
  return stored.map(({ type, before, after }) => ({ type, before: fromTexts(before), after: fromTexts(after) }))
}

function toTexts({ quantity, price }: Sums): Texts {
  return [formatDecimal(quantity), formatDecimal(price)]
}

function fromTexts([quantity, price]: Texts): Sums {
  return { quantity: decimal(quantity), price: decimal(price) }
}
