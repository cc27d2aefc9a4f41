import type { PrometheusClient } from '../../sources/prometheus/prometheus-client.ts'
import { promLabel, promMatcher, promSelector } from '../../sources/prometheus/promql.ts'
import type { SourceClient } from '../../sources/http/source-client.ts'
import type { Probe } from '../../lib/probe.ts'
import { fetchFailed } from '../fetch-failed.ts'
import type { Fetcher, WhenNone } from '../fetcher.ts'

export interface ScopeQuestion {
  readonly metric: string
  readonly scope_attribute: string
  readonly filters: Readonly<Record<string, string>>
}

/** The scopes that have a series of one metric now. */
export class PrometheusFetcher implements Fetcher {
  readonly #source: SourceClient
  readonly #client: PrometheusClient
  readonly #question: ScopeQuestion & { readonly prometheus_url: string }

  constructor(
    source: SourceClient,
    client: PrometheusClient,
    question: ScopeQuestion & { readonly prometheus_url: string },
  ) {
    this.#source = source
    this.#client = client
    this.#question = question
  }

  async scopes(signal: AbortSignal): Promise<string[]> {
    const query = buildScopesQuery(this.#question)
    try {
      const answer = await this.#client.query(query, signal)
      const ids = new Set(answer.map(({ metric }) => metric[this.#question.scope_attribute] ?? ''))
      ids.delete('')
      return [...ids]
    } catch (error) {
      throw fetchFailed(error, `query: ${query}`, { query })
    }
  }

  get probe(): Probe {
    return {
      asks: this.#question.prometheus_url,
      run: async (signal) => `${(await this.scopes(signal)).length} scopes`,
    }
  }

  get whenNone(): WhenNone {
    const { metric, scope_attribute: label } = this.#question
    return {
      asked: `the labels ${label} in the answer to ${buildScopesQuery(this.#question)}`,
      remedy: `see in Prometheus which series of ${metric} there are now and which labels they have; set [fetcher_prometheus] metric, scope_attribute and filters to what there is`,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source[Symbol.asyncDispose]()
  }
}

/** The PromQL text of CloudKitty's cloudkitty/fetcher/prometheus.py, with the filters escaped. */
export function buildScopesQuery({ metric, scope_attribute, filters }: ScopeQuestion): string {
  const matchers = Object.entries(filters).map(([label, value]) => promMatcher(label, [value]))
  return `max(${promSelector(metric, matchers)}) by (${promLabel(scope_attribute)})`
}
