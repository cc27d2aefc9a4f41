import type { Principal } from '../domain/principal.ts'
import type { JsonValue } from '../http/json.ts'
import { parsedOptional, refuse } from '../http/parsed-type.ts'
import type { RequestInfo } from '../http/route.ts'
import type { ListDeps } from '../http/within-rows.ts'
import { ArgumentText } from '../http/v1-types.ts'
import { type AuthorDeps, authorOf } from '../state/audit.ts'
import type { StateDatabase } from '../state/database.ts'
import type { Change } from './change.ts'
import { parseRuleEnd, parseRuleTime, type RuleTime, ruleTimeFromDate } from './rule-time.ts'

/** What the routes of a module's rules need from below. */
export interface RuleDeps extends AuthorDeps, ListDeps {
  readonly db: StateDatabase
  /** The present. */
  readonly clock: () => Date
}

/** What all routes under `/v1/rating/module_config` have in common. */
export const moduleConfig = { family: 'v1', policy: 'rating:module_config', guard: 'before-arguments' } as const

export function changeBy(input: { who: Principal; request: Pick<RequestInfo, 'id'> }, deps: RuleDeps): Change {
  return { ...authorOf(input, deps), now: ruleTimeFromDate(deps.clock()) }
}

/** Types of arguments that only rules have. All are optional: absent, null and empty are the same. */
export const ruleArg = {
  time: () => timeType(parseRuleTime),

  /** As `time`, but a bare date means that day's last second. */
  end: () => timeType(parseRuleEnd),
}

function timeType(parse: (text: string) => RuleTime | undefined) {
  return parsedOptional(
    { type: ['string', 'null'], format: 'date-time', examples: ['2026-06-01T00:00:00Z'] },
    (input) => {
      const text = input instanceof ArgumentText ? input.text : (input as JsonValue | undefined)
      if (text === undefined || text === null || text === '') return undefined
      const time = typeof text === 'string' ? parse(text) : undefined
      return time ?? refuse('unable to convert to datetime. Expected e.g. 2026-06-01T00:00:00')
    },
  )
}
