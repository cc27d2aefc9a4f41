import { afterAll, beforeAll, expect, test } from 'vitest'
import { tries } from '../../packages/server/src/lib/testing/tries.ts'
import { describePlan, drawRound, type Layout } from './plan.ts'
import { openRig, type Rig } from './rig.ts'
import { runRound } from './round.ts'

/** A few rounds of `npm run test:faults`, of which each has many faults of different kinds and an operation. */
const ROUNDS: readonly (readonly [Layout, seed: number])[] = [
  ['embedded', 1],
  ...Array.from({ length: tries(1, 2) }, (_, i) => ['servers', 1 + i] as const),
]

let rig: Rig
beforeAll(async () => {
  rig = await openRig([])
})
afterAll(() => rig[Symbol.asyncDispose]())

test.for(ROUNDS)(
  'whatever goes wrong, every period is on the bill once: %s, seed %i',
  // It kills, cuts and waits for leases to end.
  { timeout: 180_000 },
  async ([layout, seed], { skip }) => {
    const { means } = rig
    if (!means.layouts.includes(layout)) skip(rig.notes.join('; '))
    const plan = drawRound(seed, { ...means, layouts: [layout] })
    const { findings } = await runRound(plan, rig)
    expect(
      findings,
      `npm run test:faults -- --rounds 1 --seed ${seed} --only ${layout} (${describePlan(plan)})`,
    ).toEqual([])
  },
)

test('a round follows from its seed', () => {
  const means = { layouts: ['embedded', 'postgres', 'servers'], faults: ['kill', 'pause', 'cut', 'clock'] } as const
  for (let seed = 0; seed < 100; seed++) expect(drawRound(seed, means)).toEqual(drawRound(seed, means))
  expect(new Set(Array.from({ length: 100 }, (_, seed) => describePlan(drawRound(seed, means)))).size).toBe(100)
})
