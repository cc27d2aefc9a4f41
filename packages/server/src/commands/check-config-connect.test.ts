import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deadUrl } from '../lib/testing/serve-http.ts'
import { runCheckConfig } from './check-config.ts'
import { invocationIn } from './testing/invocation-in.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloudtabby-connect-'))
  await writeFile(join(folder, 'metrics.yml'), 'metrics:\n  cpu:\n    unit: h\n')
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function connect(text: string, { role = 'all' as const, withinMs = 60_000 } = {}) {
  await writeFile(join(folder, 'a.conf'), text)
  const invocation = invocationIn(folder, { file: 'a.conf' })
  const status = await runCheckConfig(invocation, { role, connect: true, withinMs })
  const printed = invocation.takePrinted()
  return { status, text: printed, asked: printed.split('\nAsked:\n')[1]?.trimEnd().split('\n') }
}

const EMBEDDED = `[collect]
metrics_conf = metrics.yml
collector = samples
[fetcher]
backend = source
[fetcher_source]
sources = a
[state]
url = pglite:state
[storage_duckdb]
path = points/points.duckdb
`

test('embedded stores that are not there yet are well, and are not made', async () => {
  const { status, asked } = await connect(`[DEFAULT]\nauth_strategy = noauth\n${EMBEDDED}`)
  expect(asked).toEqual([
    '  collector  [collector_samples]: asks nobody',
    '  fetcher    [fetcher_source]: asks nobody',
    expect.stringMatching(
      /^ {2}state {6}pglite:\S+state: answered in \d+ ms: is not there yet; the first start makes it$/,
    ),
    expect.stringMatching(
      /^ {2}points {5}DuckDB, \S+points.duckdb: answered in \d+ ms: is not there yet; the first start makes it\. If something was rated before, the path is wrong$/,
    ),
  ])
  expect(status).toBe(0)
  expect(await readdir(folder)).toEqual(['a.conf', 'metrics.yml'])
})

test('every service that does not answer is told, with its section and without its password, and the status is 1', async () => {
  const dead = await deadUrl()
  const withPassword = dead.replace('http://', 'http://user:sesame@')
  const port = new URL(dead).port
  const { status, asked } = await connect(`[DEFAULT]
auth_strategy = keystone
[keystone_authtoken]
auth_url = ${dead}
username = u
password = sesame
user_domain_name = Default
[collect]
metrics_conf = metrics.yml
collector = prometheus
[collector_prometheus]
prometheus_url = ${withPassword}/api/v1
[fetcher]
backend = prometheus
[fetcher_prometheus]
metric = up
prometheus_url = ${withPassword}/api/v1
[state]
url = postgresql://u:sesame@127.0.0.1:${port}/x
[storage]
backend = clickhouse
[storage_clickhouse]
url = ${withPassword}
`)
  expect(status).toBe(1)
  expect(asked).toHaveLength(5)
  expect(asked!.join('\n')).not.toContain('sesame')
  const sections = ['collector_prometheus', 'fetcher_prometheus', 'keystone_authtoken', 'state', 'storage_clickhouse']
  for (const [i, section] of sections.entries()) {
    expect(asked![i]).toMatch(new RegExp(`127\\.0\\.0\\.1:${port}.*did not answer: .*look at \\[${section}\\]$`))
  }
})

test('a service that takes the question and says nothing is given up', async () => {
  const silent = createServer((socket) => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/api/v1`
  try {
    const { status, asked } = await connect(
      `[DEFAULT]\nauth_strategy = noauth\n${EMBEDDED.replace('collector = samples', 'collector = prometheus')}` +
        `[collector_prometheus]\nprometheus_url = ${url}\n`,
      { withinMs: 300 },
    )
    expect(status).toBe(1)
    expect(asked![0]).toContain(`${url}: did not answer: no answer within 300 ms; `)
  } finally {
    silent.close()
  }
})

test('a points file that cannot be read is told', async () => {
  await writeFile(join(folder, 'broken.duckdb'), 'this is no database, but a text that somebody has put here')
  const config = EMBEDDED.replace('points/points.duckdb', 'broken.duckdb')
  const { status, asked } = await connect(`[DEFAULT]\nauth_strategy = noauth\n${config}`)
  expect(status).toBe(1)
  expect(asked!.at(-1)).toMatch(/broken\.duckdb: did not answer: .*look at \[storage_duckdb\]$/)
})

test('a configuration that cannot be used asks nobody; a role asks only whom it needs', async () => {
  const faulty = await connect(`[DEFAULT]\nauth_strategy = noauth\n[api]\nport = x\n${EMBEDDED}`)
  expect(faulty).toMatchObject({ status: 1, asked: undefined })
  const { asked } = await connect(`[DEFAULT]\nauth_strategy = noauth\n${EMBEDDED}`, { role: 'api' as 'all' })
  expect(asked!.map((line) => line.trim().split(' ')[0])).toEqual(['state', 'points'])
  expect(existsSync(join(folder, 'state'))).toBe(false)
})
