import type { Metric } from '../../domain/metric.ts'
import { promLabel, promMatcher, promSelector } from '../../sources/prometheus/promql.ts'
import type { ExtraArgs } from './extra-args.ts'

export interface Question {
  readonly metric: Pick<Metric, 'name' | 'groupby' | 'metadata'>
  readonly args: ExtraArgs
  readonly scopeKey: string
  /** At least one. */
  readonly scopes: readonly string[]
  readonly periodSeconds: number
}

/**
 * The PromQL text that CloudKitty's cloudkitty/collector/prometheus_base.py asks for one scope, with the scope escaped; for
 * several scopes the same with a matcher for them all: the outer aggregation keeps the scope label, so they never mix.
 */
export function buildQuery({ metric, args, scopeKey, scopes, periodSeconds }: Question): string {
  const { aggregation_method: method, query_function: func, range_function: rangeFunc } = args
  const range = `${promSelector(metric.name, [promMatcher(scopeKey, scopes)])}[${periodSeconds}s]`
  const inner = `${rangeFunc ?? `${method}_over_time`}(${range})`
  const labels = [...metric.groupby, ...metric.metadata].map(promLabel).join(', ')
  const outer = `${method}(${func === undefined ? inner : `${func}(${inner})`}) by (${labels})`
  return [args.query_prefix, outer, args.query_suffix].filter((part) => part !== '').join(' ')
}

/** A prefix or suffix may put scopes in relation to each other: then each is asked for alone, as CloudKitty does. */
export function mayMixScopes({ query_prefix, query_suffix }: ExtraArgs): boolean {
  return query_prefix !== '' || query_suffix !== ''
}

/** `@ start()` and `@ end()` mean the whole query's range: then each period is asked for alone, as CloudKitty does. */
export function mayMixPeriods({ query_prefix, query_suffix }: ExtraArgs): boolean {
  return /@\s*(?:start|end)\s*\(/i.test(`${query_prefix} ${query_suffix}`)
}
