import { checkConfig } from '../config/load-config.ts'
import { renderOutcome } from '../config/render-outcome.ts'
import { askServices } from '../wiring/ask-services.ts'
import type { Role } from '../wiring/role.ts'
import { warnUnpricedBefore } from '../wiring/warn-unpriced.ts'
import { configInput, type Invocation } from './invocation.ts'

/** A service that takes longer to answer a question about nothing is not well. */
const ANSWER_MS_MAX = 10_000

export interface CheckConfigFlags {
  readonly role: Role
  /** Asks all services too, each for `withinMs` at most. */
  readonly connect?: boolean
  readonly withinMs?: number
}

/** Prints what is wrong with the configuration, or what would run; the exit status. */
export async function runCheckConfig(
  invocation: Invocation,
  { role, connect = false, withinMs = ANSWER_MS_MAX }: CheckConfigFlags,
): Promise<number> {
  const outcome = await checkConfig(configInput(invocation, role))
  const { config, faults } = outcome
  const unpriced = config && (await warnUnpricedBefore(config.options))
  const asked = config && connect ? await askServices(config, role, { signal: invocation.signal, withinMs }) : []
  const warnings = [...outcome.warnings, ...(unpriced ? [unpriced] : [])]
  invocation.print(
    renderOutcome(
      { ...outcome, warnings },
      asked.map(({ line }) => line),
    ),
  )
  return faults.length === 0 && asked.every(({ answered }) => answered) ? 0 : 1
}
