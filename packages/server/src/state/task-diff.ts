import { decimal, type Decimal, formatDecimal, ZERO } from '../domain/decimal.ts'

/** Sums over points. */
export interface Sums {
  readonly quantity: Decimal
  readonly price: Decimal
}

/** By metric type. */
export type TypeSums = ReadonlyMap<string, Sums>

/** What a task made of the sums of one metric type. */
export interface TypeDiff {
  readonly type: string
  readonly before: Sums
  readonly after: Sums
}

const NOTHING: Sums = { quantity: ZERO, price: ZERO }

/** Every type that is in either; by type. */
export function diffOf(before: TypeSums, after: TypeSums): TypeDiff[] {
  return [...new Set([...before.keys(), ...after.keys()])]
    .toSorted()
    .map((type) => ({ type, before: before.get(type) ?? NOTHING, after: after.get(type) ?? NOTHING }))
}

type Texts = readonly [quantity: string, price: string]

/** As they are kept in JSON columns, which have no exact numbers: decimals are texts. */
export type StoredSums = readonly { readonly type: string; readonly sums: Texts }[]
export type StoredDiff = readonly { readonly type: string; readonly before: Texts; readonly after: Texts }[]

export function toStoredSums(sums: TypeSums): StoredSums {
  return [...sums].map(([type, own]) => ({ type, sums: toTexts(own) }))
}

export function fromStoredSums(stored: StoredSums): TypeSums {
  return new Map(stored.map(({ type, sums }) => [type, fromTexts(sums)]))
}

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
