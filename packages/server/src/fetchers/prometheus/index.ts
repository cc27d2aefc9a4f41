import { PrometheusClient } from '../../sources/prometheus/prometheus-client.ts'
import { SourceClient } from '../../sources/http/source-client.ts'
import { defineFetcher } from '../fetcher.ts'
import { Options } from './options.ts'
import { PrometheusFetcher } from './prometheus-fetcher.ts'

export const plugin = defineFetcher({
  name: 'prometheus',
  options: Options,
  create(options, context) {
    const source = new SourceClient({
      source: 'fetcher_prometheus',
      url: options.prometheus_url,
      username: options.prometheus_user,
      password: options.prometheus_password,
      timeoutSeconds: options.timeout,
      connections: 1,
      tls: options,
      onRequest: context.onSourceExchange,
    })
    return new PrometheusFetcher(source, new PrometheusClient(source), options)
  },
})
