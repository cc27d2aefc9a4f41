import { afterAll, beforeAll, expect, test } from 'vitest'
import { isThorough, tries } from '../../packages/server/src/lib/testing/tries.ts'
import { describePlan, drawRound, GRAVE_FAULTS, type GraveFault, isGrave, type Layout } from './plan.ts'
import { openRig, type Rig } from './rig.ts'
import { runRound } from './round.ts'

interface Round {
  readonly layout: Layout
  readonly seed: number
  readonly grave: GraveFault | 'nothing'
}

/** A few rounds of `npm run test:faults`, of which each has many faults of different kinds and an operation. */
const ROUNDS: readonly Round[] = [
  { layout: 'embedded', seed: 1, grave: 'nothing' },
  ...Array.from({ length: tries(1, 2) }, (_, i): Round => ({ layout: 'servers', seed: 1 + i, grave: 'nothing' })),
  // These take longer.
  ...(isThorough ? GRAVE_FAULTS : []).map((grave): Round => ({ layout: 'embedded', seed: 1, grave })),
  ...(isThorough ? [{ layout: 'servers', seed: 1, grave: 'memory' } as const] : []),
]

let rig: Rig
beforeAll(async () => {
  rig = await openRig([])
})
afterAll(() => rig[Symbol.asyncDispose]())

test.for(ROUNDS)(
  'whatever goes wrong, every period is on the bill once: $layout, $grave beside the light faults, seed $seed',
  // It kills, cuts and waits for leases to end.
  { timeout: 240_000 },
  async ({ layout, seed, grave }, { skip }) => {
    const { means, notes } = rig
    if (!means.layouts.includes(layout) || (grave !== 'nothing' && !means.faults.includes(grave)))
      skip(notes.join('; '))
    const faults = means.faults.filter((fault) => fault === grave || !isGrave(fault))
    const plan = drawRound(seed, { ...means, layouts: [layout], faults })
    const { findings } = await runRound(plan, rig)
    const only = [layout, ...faults].join(',')
    expect(findings, `npm run test:faults -- --rounds 1 --seed ${seed} --only ${only} (${describePlan(plan)})`).toEqual(
      [],
    )
  },
)

test('a round follows from its seed', () => {
  const means = {
    namespaces: true,
    layouts: ['embedded', 'postgres', 'servers'],
    faults: ['kill', 'pause', 'cut', 'clock', 'second', 'jump'],
  } as const
  for (let seed = 0; seed < 100; seed++) expect(drawRound(seed, means)).toEqual(drawRound(seed, means))
  expect(new Set(Array.from({ length: 100 }, (_, seed) => describePlan(drawRound(seed, means)))).size).toBe(100)
})
