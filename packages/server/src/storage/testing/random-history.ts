import fc from 'fast-check'
import { expect } from 'vitest'
import type { Decimal } from '../../domain/decimal.ts'
import type { Point } from '../../domain/point.ts'
import type { Sample, SampleQuery } from '../../domain/sample.ts'
import type { BatchId, Snapshot, Tombstone } from '../../domain/snapshot.ts'
import type { KeepFrom, PointStore, TotalQuery } from '../point-store.ts'
import { JUNE, wholeTotal } from './points.ts'
import { anyPoint, anyTombstone, batch, instant, reading, sampleQuery, snapshot, totalQuery } from './random-points.ts'

/** What happens to a store, one thing after the other. */
export type Step =
  | { readonly write: BatchId; readonly points: readonly Point[] }
  | { readonly write: BatchId; readonly samples: readonly Sample[] }
  | { readonly deleteBatches: readonly BatchId[] }
  | { readonly deleteTombstones: readonly Tombstone[] }
  | { readonly deleteBatchesAbove: BatchId }
  | { readonly keep: KeepFrom }
  | { readonly seen: Snapshot; readonly totals: readonly TotalQuery[]; readonly sampled: readonly SampleQuery[] }

const writing: fc.Arbitrary<Step> = fc.record({
  write: batch,
  points: fc.array(anyPoint, { minLength: 1, maxLength: 12 }),
})
const sampling: fc.Arbitrary<Step> = fc.record({
  write: batch,
  samples: fc.array(reading, { minLength: 1, maxLength: 15 }),
})
const asking: fc.Arbitrary<Step> = fc.record({
  seen: snapshot,
  totals: fc.array(totalQuery, { minLength: 1, maxLength: 4 }),
  sampled: fc.array(sampleQuery, { maxLength: 2 }),
})
const deleting: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ deleteBatches: fc.array(batch, { maxLength: 2 }) }),
  fc.record({ deleteTombstones: fc.array(anyTombstone, { maxLength: 3 }) }),
  fc.record({ deleteBatchesAbove: batch }),
  fc.record({
    keep: fc.record({ points: instant, samples: fc.integer({ min: -90, max: 200 }).map((n) => JUNE + n) }),
  }),
)

/** Begins with points and ends with questions; in between anything. */
export const history: fc.Arbitrary<Step[]> = fc
  .tuple(
    writing,
    fc.array(
      fc.oneof(
        { weight: 4, arbitrary: writing },
        { weight: 2, arbitrary: sampling },
        { weight: 2, arbitrary: deleting },
        { weight: 1, arbitrary: asking },
      ),
      { maxLength: 7 },
    ),
    asking,
  )
  .map(([first, between, last]) => [first, ...between, last])

/** Plays a history on both stores and expects that they answer every question alike, to the last digit. */
export async function expectAlike(steps: readonly Step[], store: PointStore, model: PointStore): Promise<void> {
  for (const step of steps) {
    const [got, wanted] = [await play(step, store), await play(step, model)]
    expect(got).toEqual(wanted)
  }
}

async function play(step: Step, store: PointStore): Promise<unknown> {
  if ('points' in step) return store.write(step.write, step.points)
  if ('samples' in step) return store.writeSamples(step.write, step.samples)
  if ('deleteBatches' in step) return store.deleteBatches(step.deleteBatches)
  if ('deleteTombstones' in step) return store.deleteTombstones(step.deleteTombstones)
  if ('deleteBatchesAbove' in step) return store.deleteBatchesAbove(step.deleteBatchesAbove)
  if ('keep' in step) return store.dropBefore(step.keep)

  const { seen, totals, sampled } = step
  const answers: unknown[] = [
    await store.highestBatch(),
    await store.count(seen.highest),
    [...(await store.written([...Array(seen.highest + 1).keys()]))].toSorted(([a], [b]) => a - b),
    await store.sampleScopes('project_id', seen, never),
    await store.firstSampleAt(seen, never),
  ]
  for (const asked of totals) {
    const { total, rows } = await store.total(asked, seen)
    answers.push({ total, rows: rows.map((row) => ({ ...row, values: row.values.map(String) })) })
    expect(await wholeTotal(await store.streamTotal(asked, seen))).toEqual({ total, rows })
    const page = await store.retrieve(asked, seen)
    answers.push({ total: page.total, points: page.points.map(plain) })
  }
  const streamed: Point[] = []
  for await (const points of store.stream(totals[0]!, seen)) streamed.push(...points)
  answers.push(streamed.map(plain))
  for (const asked of sampled) {
    const values = await store.readSamples(asked, seen, never)
    answers.push(values.map((each) => ({ ...each, value: String(each.value) })))
  }
  return answers
}

const never = new AbortController().signal

/** A point for comparing: decimals of equal value may differ in scale. */
export function plain(of: Point): Omit<Point, 'quantity' | 'price'> & Record<'quantity' | 'price', string> {
  const text = (value: Decimal) => String(value)
  return { ...of, quantity: text(of.quantity), price: text(of.price) }
}
