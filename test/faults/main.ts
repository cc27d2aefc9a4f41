/**
 * Tries faults, round after round, each drawn from a seed: what is tried stands in docs/operating/faults.md.
 *
 *   npm run test:faults -- [--rounds 200] [--seed N] [--only WORD,...]
 *
 * Round i has the seed N + i. WORDS are layouts (embedded, postgres, servers) and kinds of faults (kill, pause, refuse,
 * stall, cut, lose, slow, disk, clock, memory, second, power, jump, points). Ends with 1 when a round found something, and tells how to replay it.
 */
import { parseArgs } from 'node:util'
import { describePlan, drawRound, FAULTS, LAYOUTS } from './plan.ts'
import { openRig } from './rig.ts'
import { type RoundResult, runRound } from './round.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    only: { type: 'string', default: '' },
  },
})
process.exitCode = await main(Number(values.rounds), Number(values.seed), values.only.split(',').filter(Boolean))

async function main(rounds: number, seed: number, only: readonly string[]): Promise<number> {
  const unknown = only.filter((word) => ![...LAYOUTS, ...FAULTS].some((known) => known === word))
  if (!Number.isSafeInteger(rounds) || !Number.isSafeInteger(seed) || unknown.length > 0) {
    print(`not understood: ${unknown.join(', ') || 'a number'}; --only takes ${[...LAYOUTS, ...FAULTS].join(', ')}`)
    return 2
  }
  await using rig = await openRig(only)
  for (const note of rig.notes) print(`Note: ${note}.`)
  const failed: number[] = []
  let reads = 0
  const stop = new AbortController()
  // The round that runs is ended in good order, so that nothing of it is left; a second signal ends at once.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
  let done = 0
  while (done < rounds) {
    const plan = drawRound(seed + done, rig.means)
    const outcome = await runRound(plan, rig).catch((error: unknown) => ({
      findings: [error instanceof Error ? (error.stack ?? error.message) : String(error)],
      reads: 0,
      pushes: undefined,
      seconds: 0,
    }))
    // The processes may have got the signal too: this round shows nothing.
    if (stop.signal.aborted) break
    reads += outcome.reads
    done++
    const mark = outcome.findings.length === 0 ? 'ok' : 'FAILED'
    print(
      `${done}/${rounds} ${mark}, ${outcome.seconds.toFixed(1)} s, ${outcome.reads} reads${told(outcome.pushes)}; seed ${plan.seed}: ${describePlan(plan)}`,
    )
    if (outcome.findings.length === 0) continue
    failed.push(plan.seed)
    for (const finding of outcome.findings) print(`  - ${finding.replaceAll('\n', '\n    ')}`)
    print(`  again: ${replay(plan.seed, only)}`)
  }
  print(`\n${done} rounds, ${reads} reads, ${failed.length} failed.`)
  for (const one of failed) print(`  ${replay(one, only)}`)
  return failed.length === 0 ? 0 : 1
}

function told(pushes: RoundResult['pushes']): string {
  return pushes ? `, ${pushes.acknowledged} pushes and ${pushes.refused} refused` : ''
}

function replay(seed: number, only: readonly string[]): string {
  return `npm run test:faults -- --rounds 1 --seed ${seed}${only.length > 0 ? ` --only ${only.join(',')}` : ''}`
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
