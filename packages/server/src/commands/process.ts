import { formatInstant, type Instant } from '../domain/period.ts'
import { type Outcome, runUntilDone, stumbleText } from '../processor/round.ts'
import { unpricedLine } from '../rating/unpriced.ts'
import { openProcessor, type ProcessorSettings, type ProcessorUnit } from '../wiring/open-processor.ts'
import type { Service } from '../wiring/open-service.ts'
import { ProgressDisplay } from './progress-display.ts'
import { type Invocation, open } from './invocation.ts'

/**
 * Rates what has settled by `until`, the present if absent, then stops. The exit status is 1 when something was not done to
 * the end.
 */
export async function runProcess(
  invocation: Invocation,
  asked: Instant | undefined,
  options: ProcessorSettings = {},
): Promise<number> {
  await using service = await open(invocation)
  await using unit = await openProcessor(service, options)
  const present = await unit.round.clock.now()
  const until = Math.min(asked ?? present, present)
  const { print } = invocation
  if (asked !== undefined && asked > until) {
    print(
      `${formatInstant(asked)} is yet to come: usage of then would never be billed. Rating up to the present, ${formatInstant(until)}.\n`,
    )
  }
  const outcome = await processWithProgress(service, unit, invocation, until)
  invocation.signal.throwIfAborted()
  const { done, points, left } = outcome
  print(`Rated ${done} scope periods, ${points} points, up to ${formatInstant(until)}.\n`)
  const complete = printFailures(outcome, print)
  if (left > 0)
    print(`${left} scopes still have something due; another processor has them or had them. Run it again.\n`)
  printUnpriced(outcome, print)
  return complete && left === 0 ? 0 : 1
}

/** Rates what has settled by `until` and shows how far it is. */
export async function processWithProgress(
  { log }: Pick<Service, 'log'>,
  { round }: Pick<ProcessorUnit, 'round'>,
  { signal, terminal, ifEnded }: Pick<Invocation, 'signal' | 'terminal' | 'ifEnded'>,
  until: Instant,
): Promise<Outcome> {
  using display = new ProgressDisplay('rating', 'scope periods', { log, terminal })
  let rated = 0
  ifEnded?.(() => `${rated} scope periods were rated and count; the next run goes on from there`)
  return await runUntilDone(round, {
    until,
    signal,
    onProgress({ done, due, points }) {
      rated = done
      display.update(done, due, { points })
    },
  })
}

/** Tells what was not done to the end; true when nothing was. */
export function printFailures({ withoutScopes, failed, stumbles }: Outcome, print: (text: string) => void): boolean {
  if (withoutScopes !== undefined) print(`No scopes: ${withoutScopes}.\n`)
  for (const { scopeId, error } of failed.slice(0, FAILURES_SHOWN))
    print(`Not rated to the end: ${scopeId}: ${error}\n`)
  if (failed.length > FAILURES_SHOWN) print(`... and ${failed.length - FAILURES_SHOWN} more scopes.\n`)
  for (const stumble of stumbles) print(`Not done: ${stumbleText(stumble)}\n`)
  return withoutScopes === undefined && failed.length === 0 && stumbles.length === 0
}

/** The last line: usage that costs nothing because no rule is for it, and what to do. */
export function printUnpriced({ unpriced }: Outcome, print: (text: string) => void): void {
  const line = unpricedLine(unpriced)
  if (line !== undefined) print(`${line}\n`)
}

const FAILURES_SHOWN = 20
