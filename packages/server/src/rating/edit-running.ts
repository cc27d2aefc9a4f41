import type { z } from 'zod'
import { Fault } from '../lib/fault.ts'
import { option } from '../lib/option.ts'
import { formatRuleTime, type RuleTime } from './rule-time.ts'
import type { Validity, WantedLife } from './rule-life.ts'

const EDIT_RUNNING = ['refuse', 'new_version'] as const

/**
 * What becomes of a request to change a rule that is in force. CloudKitty since 2025 refuses all but an end; CloudKitty
 * before changed the rule, for the past too. Here a new version holds from now on, and the former one keeps what it priced.
 */
export type EditRunning = (typeof EDIT_RUNNING)[number]

/** `what`: the rules that the section is about, and what of them is changed. */
export function editRunning(what: string): z.ZodType<EditRunning> {
  return option
    .oneOf(EDIT_RUNNING)
    .default('refuse')
    .describe(
      `What a request to change ${what} does: \`refuse\` takes only an end, as CloudKitty since 2025; \`new_version\` lets the change hold from now on, under the same id, and keeps the former version for the time before`,
    )
}

/**
 * The end of a running rule of which a new version is to be made, or that is to stay as it is but for its end. Clients send
 * back the start of what they read, which may have been a former version: `formerStarts`. Another start is refused.
 */
export function endOfRunning(
  stored: Validity,
  wanted: Pick<WantedLife, 'start' | 'end'>,
  formerStarts: readonly RuleTime[],
): RuleTime | null {
  const { start, end } = wanted
  if (start !== undefined && start !== stored.start && !formerStarts.includes(start)) {
    throw new Fault(
      'request.invalid',
      `The start of a rule that is running since ${formatRuleTime(stored.start)} cannot be changed: leave it out, and the change holds from now on.`,
    )
  }
  return end ?? stored.end
}

/** Refuses to change what is over, and to let something end in the past. */
export function requireStillRunning(stored: Validity, end: RuleTime | null, now: RuleTime): void {
  if (stored.end !== null && stored.end <= now) {
    throw new Fault(
      'request.invalid',
      `Cannot update a rule that ended on ${formatRuleTime(stored.end)}: create another one.`,
    )
  }
  if (end !== null && end < now) {
    throw new Fault('request.invalid', `Cannot update a rule with end in the past: ${formatRuleTime(end)}.`)
  }
}
