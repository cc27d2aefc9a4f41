import { arg } from '../../../http/v1-types.ts'
import { toInstant } from '../../../domain/period.ts'
import type { Instant, Period } from '../../../domain/period.ts'
import type { PolicyName, PolicyTarget } from '../../../domain/policy-name.ts'
import type { Principal } from '../../../domain/principal.ts'
import { refusedByPolicy } from '../../../domain/refused-by-policy.ts'
import type { Batches } from '../../../state/batches.ts'
import { type RangeDeps, rangeOf } from '../../point-filter.ts'
import type { Questions } from '../../questions.ts'
import { type Filters, ownScope } from '../../restrict-to-own-scope.ts'

export interface ReportDeps extends RangeDeps {
  readonly questions: Questions
  readonly batches: Pick<Batches, 'snapshot'>
  readonly scopeKey: string
}

export const RANGE = {
  begin: arg.datetime().describe('From then on; by default the begin of this month.'),
  end: arg.datetime().describe('Before then; by default the end of this month.'),
}
const TENANT = arg.text().optional().describe('Whose; the caller’s own when left out.')
export const REPORT_ARGS = {
  ...RANGE,
  tenant_id: TENANT,
  service: arg
    .text()
    .optional()
    .meta({ description: 'A metric type.', examples: ['instance'] }),
  all_tenants: arg.bool().default(false).describe('Everybody’s, which the policy must allow.'),
}

interface Asked {
  readonly tenant_id?: string | undefined
  readonly service?: string | undefined
  readonly all_tenants: boolean
}

/** Reports are the caller's own unless all, or one, are asked for; an admin without a project gets all. */
function reportTenant(asked: Asked, who: Principal, scopeKey: string): string | undefined {
  return asked.all_tenants ? undefined : asked.tenant_id || ownScope(who, scopeKey)
}

export function reportTarget({ args, who }: { args: Asked; who: Principal }): PolicyTarget {
  return { projectId: args.all_tenants ? null : args.tenant_id || who.projectId || null }
}

export function reportFilters(asked: Asked, who: Principal, scopeKey: string, policy: PolicyName): Filters {
  const tenant = reportTenant(asked, who, scopeKey)
  // Legacy policies let an unscoped token pass, because null is null. It must not see the whole cloud for that.
  if (tenant === undefined && !asked.all_tenants && !who.isAdmin) {
    throw refusedByPolicy(policy, 'the token is for no project')
  }
  const filters = new Map<string, readonly string[]>()
  if (tenant !== undefined) filters.set(scopeKey, [tenant])
  if (asked.service) filters.set('type', [asked.service])
  return filters
}

/** Points begin at whole seconds, so a bound inside a second stands for the next one. */
export function reportRange(args: { begin: Date | undefined; end: Date | undefined }, deps: RangeDeps): Period {
  return rangeOf({ begin: toBound(args.begin), end: toBound(args.end) }, deps)
}

function toBound(date: Date | undefined): Instant | undefined {
  if (date === undefined) return undefined
  const instant = toInstant(date)
  return date.getTime() % 1000 === 0 ? instant : instant + 1
}
