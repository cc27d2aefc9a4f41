import { rm, stat, truncate } from 'node:fs/promises'
import { runCloudtabbyd, startCloudtabbyd } from '../cli/run-cloudtabbyd.ts'
import { outcomeOf } from './fleet.ts'
import type { LossOfPoints } from './plan.ts'

/** What `points.older_than_state` says is to be done. */
const REFUSED = /reconcile --points-lost/

export interface LosePointsContext {
  /** The points file. */
  readonly file: string
  /** For commands while no service runs. */
  readonly config: readonly string[]
  /** Whether anything was rated or acknowledged by now. */
  readonly hasCounted: boolean
}

/**
 * Loses points while no process runs, and does what an operator then does: tries a start, which must be refused if anything that
 * counts is gone, looks what is gone, and marks it as not rated. Findings.
 */
export async function losePoints(
  { what, keep }: LossOfPoints,
  { file, config, hasCounted }: LosePointsContext,
): Promise<string[]> {
  const log = `${file}.wal`
  const logBytes = (await stat(log).catch(() => undefined))?.size ?? 0
  if (what === 'end of the log') {
    if (logBytes > 0) await truncate(log, Math.floor(logBytes * keep))
  } else {
    await rm(log, { force: true })
    if (what === 'file') await rm(file, { force: true })
  }
  const findings: string[] = []
  const reconcile = async (args: readonly string[], status: number, why: string): Promise<void> => {
    const run = await runCloudtabbyd(['reconcile', ...args, ...config])
    if (run.status === status) return
    findings.push(`reconcile ${args.join(' ')} ended with ${run.status}, ${why}:\n${run.text}`)
  }
  // Of the log nothing may have counted yet; what counted and is missing is found in the end.
  if (await isRefused(config, findings)) await reconcile([], 1, 'though points are gone')
  else if (what === 'file' && hasCounted) findings.push('a start without the points file was not refused')
  await reconcile(['--points-lost'], 0, 'though it was to mark what is gone')
  await reconcile([], 0, 'though what is gone was marked')
  return findings
}

async function isRefused(config: readonly string[], findings: string[]): Promise<boolean> {
  const started = startCloudtabbyd(['serve', ...config], { OS_PROCESSOR__PORT: '0' })
  const outcome = await outcomeOf(started)
  started.process.kill('SIGKILL')
  await started.exit()
  if (outcome === 'undecided') findings.push(`a start after a loss was never decided:\n${started.text()}`)
  if (outcome !== 'ended') return false
  if (!REFUSED.test(started.text()))
    findings.push(`a start after a loss ended otherwise than refused:\n${started.text()}`)
  return true
}
