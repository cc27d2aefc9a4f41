import { setTimeout as sleep } from 'node:timers/promises'
import { APART } from '../../packages/server/src/lib/testing/pid-namespace.ts'
import { startCloudtabbyd } from '../cli/run-cloudtabbyd.ts'
import { type Member, outcomeOf } from './fleet.ts'
import type { SecondProcess } from './plan.ts'

/** What `state.locked` says. Embedded state must be refused before anything of it is opened: by its folder, not by the points. */
const REFUSED = { folder: / uses \S+: stop it/, points: / uses \S+; stop it/ }
/** A service that a fault of the same round keeps away stops a start as well: then the stores were not even looked at. */
const AWAY = /the state database at \S+ cannot be used/
/** The death of a process that was killed is seen by then. */
const DEATH_SEEN_MS = 1000

/**
 * Starts a second process on the stores that the first one has open. It must be refused, with the right fault; only when the first one
 * was killed it may come to hold them, and then nobody else. It is gone at the end.
 */
export async function startSecond(
  first: Member,
  { apart, killFirstAfterMs, for: ms }: SecondProcess & { readonly for: number },
  { args, refusedBy }: { readonly args: readonly string[]; readonly refusedBy: keyof typeof REFUSED },
): Promise<string[]> {
  const second = startCloudtabbyd(
    args,
    { OS_DEFAULT__HOST: 'second', OS_PROCESSOR__PORT: '0' },
    { within: apart ? APART : [] },
  )
  const killing = killFirstAfterMs === undefined ? undefined : sleep(killFirstAfterMs).then(() => first.kill())
  try {
    const outcome = await outcomeOf(second)
    if (outcome === 'undecided') return [`a second process was neither refused nor at work:\n${second.text()}`]
    // Refused by the first process, or by the one that was started in its place.
    if (outcome === 'ended' && (REFUSED[refusedBy].test(second.text()) || AWAY.test(second.text()))) return []
    if (outcome === 'ended') return [`a second process ended otherwise than refused:\n${second.text()}`]
    await sleep(DEATH_SEEN_MS)
    if (first.isAtWork) return [`two processes are at work on the same stores:\n${second.text()}`]
    await sleep(ms)
    return []
  } finally {
    second.process.kill('SIGKILL')
    await Promise.all([second.exit(), killing])
  }
}
