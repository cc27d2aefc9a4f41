import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeTestStateFolder } from '../state/testing/open-test-state.ts'
import { createApi } from '../wiring/create-api.ts'
import { runImport } from './import.ts'
import { open } from './invocation.ts'
import { runProcess } from './process.ts'
import { invocationIn } from './testing/invocation-in.ts'

const JUNE = Date.UTC(2026, 5, 1) / 1000
const HOUR = 3600

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloudtabby-import-'))
  await makeTestStateFolder(join(folder, 'state'))
  await writeFile(
    join(folder, 'metrics.yml'),
    'metrics:\n  cpu:\n    unit: instance\n  disk:\n    unit: GiB\n    groupby: [id]\n    metadata: [kind]\n',
  )
  await writeFile(
    join(folder, 'cloudkitty.conf'),
    `[DEFAULT]\nauth_strategy = noauth\nlog_file = ${folder}/log\n[api]\nhost = 0.0.0.0\nport = 18889\nallow_noauth = true\n` +
      '[fetcher]\nbackend = samples\n[collect]\ncollector = samples\nwait_periods = 1\nbegin = first-sample\n' +
      `scope_key = tenant\nmetrics_conf = ${folder}/metrics.yml\n` +
      `[state]\nurl = pglite:${folder}/state\n[storage_duckdb]\npath = ${folder}/points.duckdb\n`,
  )
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const invocation = () => invocationIn(folder)

/** What an import of these samples prints. */
async function imported(name: string, samples: readonly (readonly [hour: number, tenant: string])[]): Promise<string> {
  const lines = samples.map(([hour, tenant]) => `${JUNE + hour * HOUR},cpu,1,${tenant}\n`)
  await writeFile(join(folder, name), `timestamp,name,value,tenant\n${lines.join('')}`)
  const call = invocation()
  expect(await runImport(call, name)).toBe(0)
  return call.takePrinted()
}

test('the advice names the scopes of the file that were rated, and its request is taken as it stands', async () => {
  const first = await imported('first.csv', [
    [0, "o'hara"],
    [0, 'other'],
    [9, "o'hara"],
    [9, 'other'],
  ])
  expect(first).toBe(
    'Imported 4 samples of first.csv, from 2026-06-01T00:00:00+00:00 to 2026-06-01T09:00:00+00:00.\n' +
      'Without a price: 4 samples of cpu (no rating module that sets prices is on: switch one on, for instance with "openstack rating module enable hashmap").\n',
  )
  expect(await runProcess(invocation(), JUNE + 11 * HOUR)).toBe(0)

  const late = await imported('late.csv', [
    [2.5, "o'hara"],
    [4, "o'hara"],
    [30, 'other'],
    [2, 'new'],
  ])
  expect(late).toMatch(/^1 of its scopes was rated before without these samples\./m)
  expect(late).not.toMatch(/other|new"/)
  const [, address, quoted] = /^ {2}curl -X POST (\S+) -H 'Content-Type: application\/json' -d '(.*)'$/m.exec(late)!
  expect(address).toBe('http://127.0.0.1:18889/v2/task/reprocesses')
  const body = quoted!.replaceAll(String.raw`'\''`, "'")
  expect(JSON.parse(body)).toMatchObject({
    scope_ids: ["o'hara"],
    start_reprocess_time: '2026-06-01T02:00:00+00:00',
    end_reprocess_time: '2026-06-01T05:00:00+00:00',
  })

  await using service = await open(invocation())
  await using api = createApi(service)
  const headers = { 'content-type': 'application/json', 'x-roles': 'admin' }
  const answer = await api.app.fetch(new Request(address!, { method: 'POST', headers, body }))
  expect({ status: answer.status, text: await answer.text() }).toMatchObject({ status: 202 })
})

test('samples without a label that metrics.yml names, or of which nothing is made, are told with their lines', async () => {
  await writeFile(
    join(folder, 'doubtful.csv'),
    [
      'timestamp,name,value,tenant,id,kind',
      ...Array.from({ length: 7 }, (_, i) => `${JUNE + 50 * HOUR + i},disk,1,t,d${i},`),
      `${JUNE + 50 * HOUR},disk,1,t,,ssd`,
      `${JUNE + 50 * HOUR},dsik,1,t,d1,ssd`,
      `${JUNE + 50 * HOUR},cpu,1,t,,`,
    ].join('\n'),
  )
  const call = invocation()
  expect(await runImport(call, 'doubtful.csv')).toBe(0)
  expect(call.takePrinted().split('\n').slice(1, 4)).toEqual([
    'Doubtful: 7 samples of disk (lines 2, 3, 4, 5, 6, …) without the label kind, which metrics.yml names: the rules see it as empty; fill it in, or take it out of metrics.yml.',
    'Doubtful: 1 sample of disk (line 9) without the label id, which metrics.yml names: the rules see it as empty; fill it in, or take it out of metrics.yml.',
    'Doubtful: 1 sample of dsik (line 10), which no metric of metrics.yml reads: nothing is rated of them; did you mean disk? Else add a metric dsik.',
  ])
})
