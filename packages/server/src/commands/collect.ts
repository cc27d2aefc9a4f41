import { loadConfig } from '../config/load-config.ts'
import { formatDecimal } from '../domain/decimal.ts'
import { formatInstant, type Instant, periodsFrom } from '../domain/period.ts'
import type { Point } from '../domain/point.ts'
import { SeriesRegistry } from '../domain/series-registry.ts'
import { Disposer } from '../lib/disposer.ts'
import { Fault } from '../lib/fault.ts'
import { nearest } from '../lib/nearest.ts'
import type { SourceExchange } from '../sources/http/source-client.ts'
import { activate } from '../wiring/active-metrics.ts'
import { made } from '../wiring/make-plugin.ts'
import { NO_SAMPLES } from '../wiring/no-samples.ts'
import { configInput, type Invocation, open } from './invocation.ts'

export interface CollectFlags {
  readonly metric: string
  readonly begin: Instant
  readonly end: Instant
  /** Asked of the fetcher when absent. */
  readonly scope?: readonly string[]
}

/** Points are printed up to here; the count is always whole. */
const PRINTED_MAX = 1000

/**
 * Prints what would be collected of one metric, and the exact questions to the source, without rating or writing
 * anything: for people who write metrics.yml. Only the `samples` collector needs the stores, which must then be free.
 */
export async function runCollect(invocation: Invocation, flags: CollectFlags): Promise<number> {
  const { print, signal } = invocation
  await using owned = new Disposer()
  const { config } = await loadConfig(configInput(invocation))
  const { collect, storage } = config.options
  const metric = config.metrics.find(({ name, type, key }) => [key, type, name].includes(flags.metric))
  if (!metric) {
    const types = config.metrics.map(({ type }) => type)
    const meant = nearest(flags.metric, types)
    throw new Fault(
      'request.invalid',
      `metrics.yml has no metric ${flags.metric}${meant ? `; did you mean ${meant}?` : ` (it has ${types.join(', ')})`}`,
    )
  }
  const count = (flags.end - flags.begin) / collect.period
  if (!Number.isInteger(count) || count < 1) {
    const whole = `${formatInstant(flags.begin)} to ${formatInstant(flags.end)} is no whole number of periods of ${collect.period} s`
    throw new Fault('request.invalid', whole)
  }

  const service = config.collector.plugin.name === 'samples' ? owned.use(await open(invocation)) : undefined
  const context = {
    scopeKey: collect.scope_key,
    periodSeconds: collect.period,
    series: new SeriesRegistry({ textBytesMax: storage.max_attribute_bytes }),
    ...(service ? { samples: service.store, snapshot: () => service.batches.snapshot() } : NO_SAMPLES),
    onSourceExchange: (exchange: SourceExchange) => print(question(exchange)),
  }
  const collector = owned.use(await made('collector', config.collector, context))
  const fetcher = owned.use(await made('fetcher', config.fetcher, context))
  const scopes = flags.scope ?? (await fetcher.scopes(signal))
  const periods = periodsFrom(flags.begin, count, collect.period)
  const collected = await collector.collect({ metric, scopes, periods }, signal)
  const { skip } = activate([metric], config.options.orchestrator.skip_datapoints_expression, collect.timezone)
  const points = collected.filter((point) => !skip(point))
  for (const point of points.slice(0, PRINTED_MAX)) print(line(point))
  if (points.length > PRINTED_MAX) print(`... and ${points.length - PRINTED_MAX} more\n`)
  print(`${points.length} points of ${metric.type} (${metric.unit}) in ${scopes.length} scopes and ${count} periods\n`)
  const skipped = collected.length - points.length
  if (skipped > 0) print(`${skipped} more are left out by the skip expression: they would not be stored\n`)
  return 0
}

function question({ request: { method, url, query, form, json }, status, seconds }: SourceExchange): string {
  const asked = query && query.size > 0 ? `${url}?${query.toString()}` : url
  const parameters = [...(form ?? [])].map(([name, value]) => `    ${name} = ${value}\n`).join('')
  const body = json === undefined ? '' : `    ${JSON.stringify(json)}\n`
  return `${method} ${asked}\n${parameters}${body}    -> ${status} in ${seconds.toFixed(3)} s\n`
}

function line({ series, begin, quantity }: Point): string {
  const attributes = JSON.stringify({ ...series.metadata, ...series.groupby })
  return `${formatInstant(begin)} ${series.scopeId} ${formatDecimal(quantity)} ${series.unit} ${attributes}\n`
}
