import { formatInstant, type Instant } from '../domain/period.ts'
import { openProcessor } from '../wiring/open-service.ts'
import { processUntil } from '../wiring/run-processor.ts'
import { type Invocation, open } from './invocation.ts'

/** Rates what has settled by `until`, then stops. The exit status is 1 when a scope is not rated to the end. */
export async function runProcess(invocation: Invocation, until: Instant): Promise<number> {
  await using stores = await open(invocation)
  await using unit = await openProcessor(stores)
  const { print, signal, terminal } = invocation
  const { done, points, failed, held } = await processUntil(stores, unit, { until, signal, terminal })
  print(`Rated ${done} scope periods, ${points} points, up to ${formatInstant(until)}.\n`)
  for (const { scopeId, error } of failed.slice(0, FAILURES_SHOWN))
    print(`Not rated to the end: ${scopeId}: ${error}\n`)
  if (failed.length > FAILURES_SHOWN) print(`... and ${failed.length - FAILURES_SHOWN} more scopes.\n`)
  if (held > 0) print(`${held} scopes are being rated by another processor; what is due of them is not rated here.\n`)
  return failed.length === 0 && held === 0 ? 0 : 1
}

const FAILURES_SHOWN = 20
