import type { RuleTime } from './rule-time.ts'

/** Who changes rules, and when. */
export interface Change {
  readonly who: string
  readonly now: RuleTime
}
