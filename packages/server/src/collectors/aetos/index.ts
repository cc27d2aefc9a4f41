import { ServiceSource } from '../../sources/keystone/service-source.ts'
import { KeystoneSession } from '../../sources/keystone/session.ts'
import { PrometheusClient } from '../../sources/prometheus/prometheus-client.ts'
import { prometheusProbe } from '../../sources/prometheus/prometheus-probe.ts'
import { defineCollector } from '../collector.ts'
import { ExtraArgs } from '../promql/extra-args.ts'
import { PromqlCollector } from '../promql/promql-collector.ts'
import { AetosQuerier } from './aetos-querier.ts'
import { Options } from './options.ts'

const SECTION = 'collector_aetos'
/** Where the section says nothing: as long as for Prometheus itself. */
const TIMEOUT_SECONDS = 60

/** Prometheus behind Aetos, which OpenStack's catalog names and which wants a token of Keystone. */
export const plugin = defineCollector({
  name: 'aetos',
  options: Options,
  extraArgs: ExtraArgs,
  create(options, context) {
    const source = new ServiceSource(new KeystoneSession(options, { section: SECTION }), {
      source: SECTION,
      endpoint: { type: 'metric-storage', interface: options.interface, region: options.region_name || undefined },
      toBaseUrl: (endpoint) => `${endpoint}/api/v1`,
      timeoutSeconds: options.timeout || TIMEOUT_SECONDS,
      connections: options.concurrency,
      maxResponseBytes: options.max_response_size * 1024 * 1024,
      tls: options,
      onRequest: context.onSourceExchange,
    })
    const client = new PrometheusClient(source, { method: 'GET' })
    const querier = new AetosQuerier(client, options.concurrency)
    const asks = `Aetos, which the catalog of ${options.auth_url ?? 'Keystone'} names`
    return new PromqlCollector(source, querier, options, context, prometheusProbe(client, asks))
  },
})
