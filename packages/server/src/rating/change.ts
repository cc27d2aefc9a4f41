import type { Author } from '../state/audit.ts'
import type { RuleTime } from './rule-time.ts'

/** Who changes rules, and when. */
export interface Change extends Author {
  readonly now: RuleTime
}
