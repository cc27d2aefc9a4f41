import { formatInstant, type Grid, type Instant, nextPeriodBegin, type Period, periodBegin } from '../domain/period.ts'
import { Fault } from '../lib/fault.ts'
import type { Author } from './audit.ts'
import { gridOf } from './grid-of.ts'
import type { Reprocesses } from './reprocesses.ts'
import type { PastRules } from './request-reset.ts'
import { requireKept } from './require-kept.ts'
import type { Scope, Scopes } from './scopes.ts'

export interface ReprocessRequest {
  /** Active scopes; all of them when it is empty. */
  readonly scopeIds: readonly string[]
  readonly period: Period
  readonly reason: string
}

/**
 * Has the past of scopes rated again: one task for each scope, or none at all and a fault that says which scopes the request
 * does not fit. Its bounds are bounds of periods, and periods are each scope's own: where scopes began at different moments,
 * a request that fits one may cut a period of another in two.
 */
export async function requestReprocess(
  { scopes, reprocesses }: { readonly scopes: Pick<Scopes, 'list'>; readonly reprocesses: Pick<Reprocesses, 'add'> },
  { scopeIds, period, reason }: ReprocessRequest,
  { periodSeconds, keptFrom }: Omit<PastRules, 'now'>,
  author: Author,
): Promise<void> {
  if (reason.trim() === '') throw invalid('Empty or blank reason text is not allowed.')
  requireSpan(period)
  requireKept('start_reprocess_time', period.begin, keptFrom)
  const chosen = await choose(scopes, scopeIds)
  requireRated(chosen, period)
  requireOnGrid(chosen, period, { periodSeconds, keptFrom })
  const ids = [...new Set(chosen.map((scope) => scope.scopeId))]
  const clash = await reprocesses.add(ids, period, reason, author)
  if (clash !== undefined) {
    throw invalid(`Scope ${clash} has a reprocessing that is not finished and overlaps with this one.`)
  }
}

function requireSpan({ begin, end }: Period): void {
  if (end > begin) return
  const how =
    end === begin ? 'is start_reprocess_time as well: there is no period between' : 'is before start_reprocess_time'
  throw invalid(`end_reprocess_time ${formatInstant(end)} ${how}${end === begin ? '' : ` ${formatInstant(begin)}`}.`)
}

async function choose(scopes: Pick<Scopes, 'list'>, ids: readonly string[]): Promise<Scope[]> {
  const active = await scopes.list({ active: [true], scopeIds: ids })
  const known = new Set(active.map((scope) => scope.scopeId))
  const unknown = ids.filter((id) => !known.has(id))
  if (unknown.length > 0) throw invalid(`There is no active scope ${names(unknown)}.`)
  return active
}

function requireRated(chosen: readonly Scope[], { end }: Period): void {
  const never = chosen.filter(({ lastProcessed }) => lastProcessed === undefined)
  if (never.length > 0) throw invalid(`Scope ${names(idsOf(never))} was never rated.`)
  const groups = groupBy(
    chosen.filter(({ nextBegin }) => end > nextBegin),
    ({ nextBegin }) => nextBegin,
  )
  if (groups.size === 0) return
  throw invalid(`${told(groups, (at, ids) => `Scope ${ids} is rated up to ${formatInstant(at)} only`)}.`)
}

function requireOnGrid(
  chosen: readonly Scope[],
  { begin, end }: Period,
  { periodSeconds, keptFrom }: Omit<PastRules, 'now'>,
): void {
  const require = (name: string, what: string, at: Instant, propose: (grid: Grid) => Instant) => {
    const crooked = chosen.filter((scope) => periodBegin(gridOf(scope, periodSeconds), at) !== at)
    if (crooked.length === 0) return
    const groups = groupBy(crooked, (scope) => propose(gridOf(scope, periodSeconds)))
    throw invalid(
      `${name} ${formatInstant(at)} is not the ${what} of a period of ${periodSeconds} seconds: ` +
        `${told(groups, (fitting, ids) => `${formatInstant(fitting)} would be, for scope ${ids}`)}.`,
    )
  }
  require('start_reprocess_time', 'begin', begin, (grid) => {
    const before = periodBegin(grid, begin)
    return keptFrom !== undefined && before < keptFrom ? nextPeriodBegin(grid, begin) : before
  })
  // What is asked for is rated, so that the end of the period is as well.
  require('end_reprocess_time', 'end', end, (grid) => nextPeriodBegin(grid, end))
}

function groupBy(chosen: readonly Scope[], key: (scope: Scope) => Instant): Map<Instant, Scope[]> {
  const groups = new Map<Instant, Scope[]>()
  for (const scope of chosen) {
    const at = key(scope)
    const group = groups.get(at)
    if (group) group.push(scope)
    else groups.set(at, [scope])
  }
  return groups
}

/** So many scopes, and groups of them, are named. */
const NAMED = 5

/** Those of most scopes first. */
function told(groups: ReadonlyMap<Instant, readonly Scope[]>, say: (at: Instant, ids: string) => string): string {
  const sorted = [...groups].toSorted(([, a], [, b]) => b.length - a.length)
  const said = sorted.slice(0, NAMED).map(([at, scopes]) => say(at, names(idsOf(scopes))))
  const rest = sorted.length - said.length
  return rest > 0 ? `${said.join('; ')}; and ${rest} more such moments` : said.join('; ')
}

function names(ids: readonly string[]): string {
  const rest = ids.length - NAMED
  return rest > 0 ? `${ids.slice(0, NAMED).join(', ')} and ${rest} more` : ids.join(', ')
}

function idsOf(scopes: readonly Scope[]): string[] {
  return [...new Set(scopes.map((scope) => scope.scopeId))]
}

function invalid(message: string): Fault {
  return new Fault('request.invalid', message)
}
