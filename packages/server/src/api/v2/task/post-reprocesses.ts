import { z } from 'zod'
import { defineRoute } from '../../../http/route.ts'
import { field } from '../../../http/v2-types.ts'
import { formatInstant, type Instant } from '../../../domain/period.ts'
import { Fault } from '../../../lib/fault.ts'
import { type AuthorDeps, authorOf } from '../../../state/audit.ts'
import type { Reprocesses } from '../../../state/reprocesses.ts'
import type { Scope, Scopes } from '../../../state/scopes.ts'
import { requireKept, type RetentionDeps } from '../../require-kept.ts'
import { chosenScopes } from './chosen-scopes.ts'

export interface ReprocessDeps extends AuthorDeps, RetentionDeps {
  readonly reprocesses: Reprocesses
  readonly scopes: Pick<Scopes, 'list'>
  readonly periodSeconds: number
}

export const postReprocesses = defineRoute<ReprocessDeps>()({
  family: 'v2',
  method: 'POST',
  // `cloudkitty tasks reprocessing create` sends its task to the second one, which CloudKitty itself answers with 404.
  path: ['/v2/task/reprocesses', '/v2/task/reprocess'],
  policy: 'schedule:task_reprocesses',
  summary: 'Rate the past of scopes again',
  description: 'The bounds are multiples of the collect period; `ALL` stands for every active scope.',
  body: z.strictObject({
    scope_ids: field.texts(),
    start_reprocess_time: field.datetime(),
    end_reprocess_time: field.datetime(),
    reason: field.text(),
  }),
  reply: { status: 202, schema: z.strictObject({}) },
  async handle(deps, { body, who, request }) {
    const { reprocesses, scopes, periodSeconds } = deps
    const { scope_ids, start_reprocess_time: begin, end_reprocess_time: end, reason } = body
    const ids = [...new Set(scope_ids)]
    const named = chosenScopes(undefined, ids)
    if (reason.trim() === '') throw invalid('Empty or blank reason text is not allowed.')
    if (end < begin) {
      throw invalid(`end_reprocess_time ${formatInstant(end)} is before start_reprocess_time ${formatInstant(begin)}.`)
    }
    requireAligned('start_reprocess_time', begin, periodSeconds, Math.floor)
    requireAligned('end_reprocess_time', end, periodSeconds, Math.ceil)
    requireKept('start_reprocess_time', begin, deps)
    const chosen = await choose(scopes, named)
    for (const scope of chosen) requireProcessed(scope, begin, end)
    const scopeIds = [...new Set(chosen.map((scope) => scope.scopeId))]
    const clash = await reprocesses.add(scopeIds, { begin, end }, reason, authorOf({ who, request }, deps))
    if (clash !== undefined) {
      throw invalid(`Scope ${clash} has a reprocessing that is not finished and overlaps with this one.`)
    }
    return {}
  },
})

/** The active scopes of these ids; all when there are none. */
async function choose(scopes: Pick<Scopes, 'list'>, ids: readonly string[]): Promise<Scope[]> {
  const active = await scopes.list({ active: [true], scopeIds: ids })
  const known = new Set(active.map((scope) => scope.scopeId))
  const unknown = ids.find((id) => !known.has(id))
  if (unknown !== undefined) throw invalid(`There is no active scope ${unknown}.`)
  return active
}

function requireAligned(name: string, at: Instant, period: number, round: (x: number) => number): void {
  if (at % period === 0) return
  const fitting = formatInstant(round(at / period) * period)
  throw invalid(
    `${name} ${formatInstant(at)} is no multiple of the ${period} seconds of a period; ${fitting} would be.`,
  )
}

function requireProcessed({ scopeId, lastProcessed }: Scope, begin: Instant, end: Instant): void {
  if (lastProcessed === undefined) throw invalid(`Scope ${scopeId} was never rated.`)
  if (begin > lastProcessed || end > lastProcessed) {
    throw invalid(`Scope ${scopeId} is rated up to ${formatInstant(lastProcessed)} only.`)
  }
}

function invalid(message: string): Fault {
  return new Fault('request.invalid', message)
}
