import { PrometheusClient } from '../../sources/prometheus/prometheus-client.ts'
import { prometheusProbe } from '../../sources/prometheus/prometheus-probe.ts'
import { SourceClient } from '../../sources/http/source-client.ts'
import { defineCollector } from '../collector.ts'
import { ExtraArgs } from '../promql/extra-args.ts'
import { PromqlCollector } from '../promql/promql-collector.ts'
import { Options } from './options.ts'

export const plugin = defineCollector({
  name: 'prometheus',
  options: Options,
  extraArgs: ExtraArgs,
  create(options, context) {
    const source = new SourceClient({
      source: 'collector_prometheus',
      url: options.prometheus_url,
      username: options.prometheus_user,
      password: options.prometheus_password,
      timeoutSeconds: options.timeout,
      connections: options.concurrency,
      maxResponseBytes: options.max_response_size * 1024 * 1024,
      tls: options,
      onRequest: context.onSourceExchange,
    })
    const client = new PrometheusClient(source)
    return new PromqlCollector(source, client, options, context, prometheusProbe(client, options.prometheus_url))
  },
})
