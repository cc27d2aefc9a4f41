import { setTimeout as sleep } from 'node:timers/promises'
import { formatInstant } from '../../packages/server/src/domain/period.ts'
import type { Operation } from './plan.ts'
import type { Reader } from './reader.ts'
import { type Correction, PERIOD_SECONDS, type Truth } from './truth.ts'

const RETRY_MS = 300

export interface OperationContext {
  readonly truth: Truth
  readonly reader: Reader
  readonly begin: number
  readonly address: () => string | undefined
  readonly signal: AbortSignal
}

/**
 * Corrects what the source says about some of a scope's rated periods, then asks for them to be rated again until it is
 * acknowledged, as an operator would whose service is troubled. The correction; a text when it did not come about.
 */
export async function operate(
  { does, scope, part }: Operation,
  { truth, reader, begin, address, signal }: OperationContext,
): Promise<Correction | string> {
  // Some hours, of which the last stays out: a task may not touch what is not rated yet.
  let hours = 0
  while (hours < 4) {
    if (signal.aborted) return `nothing of ${scope} was rated in time for a ${does}`
    await sleep(RETRY_MS)
    hours = (reader.reached(scope) - begin) / PERIOD_SECONDS - 1
  }
  const from = Math.floor(part[0] * (hours - 1))
  const to = Math.max(from + 1, Math.ceil(part[1] * hours))
  const correction = { scope, begin: begin + from * PERIOD_SECONDS, end: begin + to * PERIOD_SECONDS }
  reader.expect(correction, does === 'reset')
  truth.correct(correction)
  for (let last = 'no answer'; ;) {
    // After a loss of points the scope may be behind that again: a reset forward would leave hours out.
    while (reader.reached(scope) < correction.begin && !signal.aborted) await sleep(RETRY_MS)
    const answer = await send(address(), does, correction).catch((error: unknown) => String(error))
    if (typeof answer !== 'string') {
      if (does === 'reset') reader.resetIsDone(scope)
      return correction
    }
    last = answer
    if (signal.aborted) return `${does} of ${scope} was not taken: ${last}`
    await sleep(RETRY_MS)
  }
}

/** True when it is certain that it was taken, else why not. */
async function send(address: string | undefined, does: Operation['does'], { scope, begin, end }: Correction) {
  if (address === undefined) return 'there is no API'
  const [path, method, body] =
    does === 'reset'
      ? ['/v2/scope', 'PUT', { scope_id: [scope], last_processed_timestamp: formatInstant(begin) }]
      : [
          '/v2/task/reprocesses',
          'POST',
          {
            scope_ids: [scope],
            start_reprocess_time: formatInstant(begin),
            end_reprocess_time: formatInstant(end),
            reason: 'the source was wrong',
          },
        ]
  const answer = await fetch(`${address}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  })
  const text = await answer.text()
  // An earlier try was taken though its answer was lost.
  const taken = answer.ok || (does === 'reprocess' && /is not finished and overlaps/.test(text))
  return taken ? true : `${answer.status} ${text}`
}

/** Whether no task is left to be worked on; one that was sent twice, because its answer was lost, is worked on twice. */
export async function areTasksDone(address: string | undefined): Promise<boolean> {
  try {
    const answer = await fetch(`${address}/v2/task/reprocesses`, { signal: AbortSignal.timeout(5000) })
    const { results } = (await answer.json()) as { results: readonly { state: string }[] }
    return results.every(({ state }) => state === 'done')
  } catch {
    return false
  }
}
