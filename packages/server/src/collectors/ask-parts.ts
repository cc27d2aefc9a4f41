import type { Metric } from '../domain/metric.ts'
import { Fault } from '../lib/fault.ts'
import { ScopeFaults } from '../lib/scope-faults.ts'
import { type AnswerBudget, halve, type Part } from './plan-parts.ts'

/**
 * Asks for all parts at once; for one whose answer is too large, for its halves one after the other. Learns from what fails.
 * Scopes with values that cannot be rated are told of all parts together.
 */
export async function askParts<T>(
  parts: readonly Part[],
  budget: AnswerBudget,
  ask: (part: Part) => Promise<T[]>,
): Promise<T[]> {
  const faults = new ScopeFaults()
  const answers = await Promise.all(
    parts.map((part) =>
      askPart(part, budget, ask).catch((error: unknown) => {
        // Of anything else, a source that refuses or is slow, the other parts would hear the same.
        if (!(error instanceof Fault) || error.code !== 'collect.invalid_answer') throw error
        faults.add(error)
        return []
      }),
    ),
  )
  faults.throwIfAny()
  return answers.length === 1 ? answers[0]! : answers.flat()
}

async function askPart<T>(part: Part, budget: AnswerBudget, ask: (part: Part) => Promise<T[]>): Promise<T[]> {
  try {
    return await ask(part)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    const halves = error.code === 'collect.too_large' ? halve(part) : undefined
    if (halves) return [...(await askPart(halves[0], budget, ask)), ...(await askPart(halves[1], budget, ask))]
    if (error.code === 'collect.timeout' || error.code === 'collect.overloaded') budget.struggled()
    throw error
  }
}

/** An error, and when it is a fault, that with what an operator needs to find the question. */
export function ofQuestion(
  error: unknown,
  { metric, part, query, shown }: { metric: Metric; part: Part; query: unknown; shown: string },
): unknown {
  if (!(error instanceof Fault)) return error
  if (error.parts.length > 0) {
    const faults = new ScopeFaults()
    for (const each of error.parts) faults.add(ofQuestion(each, { metric, part, query, shown }))
    return faults.together
  }
  const { scopes, periods } = part
  const period = { begin: periods[0]!.begin, end: periods.at(-1)!.end }
  const detail = { period, ...error.detail, metric: metric.key, query }
  const scopeIds = scopes.length === 1 ? scopes : []
  return error.passedOn(error.code, `metric '${metric.key}': ${error.message}; ${shown}`, detail, { scopeIds })
}
