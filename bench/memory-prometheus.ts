/** A process of its own that answers `query_range` from memory, so that a bench measures CloudTabby and not Prometheus. */
import { createServer } from 'node:http'
import { type AddressInfo } from 'node:net'
import { TEN_METRICS, labelsOf } from './cloud-metrics.ts'

const SCOPES = Number(process.argv[2])
const RESOURCES = Number(process.argv[3])

/** The JSON of each series up to its values, by metric. */
const heads = new Map(
  TEN_METRICS.map((metric) => [
    metric.name,
    Array.from({ length: SCOPES }, (_, scope) =>
      Array.from({ length: metric.resources ?? RESOURCES }, (__, resource) => ({
        resource,
        head: `{"metric":${JSON.stringify(labelsOf(metric, scope, resource))},"values":[`,
      })),
    ).flat(),
  ]),
)

const server = createServer((request, response) => {
  let body = ''
  request.on('data', (chunk) => (body += String(chunk)))
  request.on('end', () => {
    const url = new URL(request.url!, 'http://127.0.0.1')
    const parameters = new URLSearchParams(body === '' ? url.search : body)
    const query = parameters.get('query') ?? ''
    const metric = TEN_METRICS.find(({ name }) => query.includes(name))!
    const [start, end, step] = ['start', 'end', 'step'].map((name) => toSeconds(parameters.get(name)!))
    const results = heads.get(metric.name)!.map(({ resource, head }) => {
      const values: string[] = []
      for (let at = start!; at <= end!; at += step!) values.push(`[${at},"${metric.value(resource, at)}"]`)
      return `${head}${values.join(',')}]}`
    })
    response.setHeader('content-type', 'application/json')
    response.end(`{"status":"success","data":{"resultType":"matrix","result":[${results.join(',')}]}}`)
  })
})
server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port))

function toSeconds(text: string): number {
  return /^\d+(\.\d+)?s?$/.test(text) ? parseFloat(text) : Date.parse(text) / 1000
}
