import { Fault } from '../lib/fault.ts'
import { withAbort } from '../lib/with-abort.ts'
import type { Collector } from './collector.ts'

/** The collector, whose questions are given up with `collect.timeout` when one takes longer than so many seconds. */
export function boundCollector(collector: Collector, seconds: number): Collector {
  return {
    async collect(request, signal) {
      const late = new Fault(
        'collect.timeout',
        `collecting ${request.metric.type} of ${request.scopes.length} scopes and ${request.periods.length} periods took longer than ` +
          `${seconds} s: look at the source, or set [orchestrator] collector_request_timeout higher`,
        { metric: request.metric.key, seconds },
      )
      return withAbort(signal, async (inner) => {
        const timer = setTimeout(() => inner.abort(late), seconds * 1000)
        try {
          return await collector.collect(request, inner.signal)
        } catch (error) {
          throw inner.signal.reason === late ? late : error
        } finally {
          clearTimeout(timer)
        }
      })
    },
    ...(collector.firstSampleAt && { firstSampleAt: async (signal) => collector.firstSampleAt?.(signal) }),
    [Symbol.asyncDispose]: () => collector[Symbol.asyncDispose](),
  }
}
