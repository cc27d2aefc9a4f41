import { readFile } from 'node:fs/promises'
import { afterAll, expect, test } from 'vitest'
import { parseMetrics } from '../../../config/metrics.ts'
import { openTestApi } from '../../testing/open-test-api.ts'
import { readMetrics } from './metrics-source.ts'

const api = await openTestApi()
afterAll(() => api[Symbol.asyncDispose]())

const INSTANCE = { metric_id: 'instance', metadata: ['flavor_name', 'flavor_id', 'vcpus'], unit: 'instance' }
const VOLUME = { metric_id: 'volume.size', metadata: ['volume_type'], unit: 'GiB' }

test('metrics are told under the names that they are rated by, in the file’s order', async () => {
  expect(await api.get(200, 'GET', '/v1/info/metrics/')).toEqual({ metrics: [INSTANCE, VOLUME] })
  expect(await api.get(200, 'GET', '/v1/info/services')).toEqual({ metrics: [INSTANCE, VOLUME] })
  expect(await api.get(200, 'GET', '/v1/info/metrics/instance')).toEqual(INSTANCE)
  expect(await api.get(200, 'GET', '/v1/info/services/instance/')).toEqual(INSTANCE)
  expect((await api.call('GET', '/v1/info/metrics/instance')).text).toBe(
    '{"metric_id": "instance", "metadata": ["flavor_name", "flavor_id", "vcpus"], "unit": "instance"}',
  )
})

test('the raw name of a metric that has another one is not found: the message is the name', async () => {
  expect(await api.get(404, 'GET', '/v1/info/metrics/cpu')).toEqual({
    faultcode: 'Client',
    faultstring: 'cpu',
    debuginfo: null,
  })
})

test('the configuration is the file as it is, read anew each time', async () => {
  api.metrics = `metrics:
  volume.size:
    unit: GiB
    groupby: [id, project_id]
    metadata: [volume_type]
    extra_args: {aggregation_method: mean, resource_type: volume}
`
  expect(await api.get(200, 'GET', '/v1/info/config/')).toEqual({
    metrics: {
      'volume.size': {
        unit: 'GiB',
        groupby: ['id', 'project_id'],
        metadata: ['volume_type'],
        extra_args: { aggregation_method: 'mean', resource_type: 'volume' },
      },
    },
  })
  api.metrics = ''
  expect(await api.get(200, 'GET', '/v1/info/config')).toEqual({})
})

test.each([
  ['no metrics', 'metrics: {}'],
  ['no unit', 'metrics: {a: {groupby: [id]}}'],
  ['an attribute twice', 'metrics: {a: {unit: u, groupby: [id], metadata: [id]}}'],
  ['a map without its mode', 'metrics: {a: {unit: u, mutate_map: {1: 2}}}'],
])('a metrics file with %s is 405 with the reason, and still shown as it is', async (_what, text) => {
  api.metrics = text
  for (const path of ['/v1/info/metrics', '/v1/info/metrics/a', '/v1/info/services/a']) {
    expect(await api.get(405, 'GET', path)).toMatchObject({ faultcode: 'Client', faultstring: expect.any(String) })
  }
  await api.get(200, 'GET', '/v1/info/config')
})

test('a metrics file that is no YAML is 500, without a word from it', async () => {
  api.metrics = 'metrics: [}'
  for (const path of ['/v1/info/config', '/v1/info/metrics']) {
    expect(await api.get(500, 'GET', path)).toEqual({
      faultcode: 'Server',
      faultstring: 'The metrics file cannot be read.',
      debuginfo: null,
    })
  }
})

test('why a metrics file cannot be read is for the log: that it is gone, or where it is no YAML', async () => {
  const context = { scopeKey: 'project_id', collector: undefined }
  const read = async () => parseMetrics(await readFile('/nowhere/metrics.yml', 'utf8'), 'metrics.yml', context)
  await expect(readMetrics({ read })).rejects.toMatchObject({
    code: 'config.invalid',
    message: expect.stringMatching(/no such file .*'\/nowhere\/metrics\.yml'/) as string,
  })
  api.metrics = 'metrics: [}'
  await expect(readMetrics(api.deps.metricsSource)).rejects.toMatchObject({
    message: expect.stringMatching(/^The metrics file cannot be read: metrics\.yml:1/) as string,
  })
})

test.each([
  '/v1/info',
  '/v1/info/metric',
  '/v1/nope',
  '/v1/report',
  '/v1/rating/nope',
  '/v1/rating/module_config/nope',
])('%s is 405', async (path) => {
  await api.get(405, 'GET', path)
})
