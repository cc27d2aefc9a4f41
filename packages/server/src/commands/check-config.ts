import { checkConfig } from '../config/load-config.ts'
import { renderOutcome } from '../config/render-outcome.ts'
import type { Role } from '../wiring/role.ts'
import { warnUnpricedBefore } from '../wiring/warn-unpriced.ts'
import { configInput, type Invocation } from './invocation.ts'

/** Prints what is wrong with the configuration, or what would run; the exit status. */
export async function runCheckConfig(invocation: Invocation, role: Role): Promise<number> {
  const outcome = await checkConfig(configInput(invocation, role))
  const unpriced = outcome.config && (await warnUnpricedBefore(outcome.config.options))
  invocation.print(renderOutcome({ ...outcome, warnings: [...outcome.warnings, ...(unpriced ? [unpriced] : [])] }))
  return outcome.faults.length === 0 ? 0 : 1
}
