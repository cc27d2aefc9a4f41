import { once } from 'node:events'
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeTestStateFolder } from '../../packages/server/src/state/testing/open-test-state.ts'
import { type Started, startCloudtabbyd } from './run-cloudtabbyd.ts'

const CONF = ['--config-file', 'examples/quickstart/cloudkitty.conf']

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloudtabby-signals-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function storesIn(name: string): Promise<Record<string, string>> {
  await makeTestStateFolder(join(folder, name, 'state'))
  return {
    OS_STATE__URL: `pglite:${join(folder, name, 'state')}`,
    OS_STORAGE_DUCKDB__PATH: join(folder, name, 'points.duckdb'),
    OS_API__PORT: '0',
  }
}

/** The lines that tell of the end, and whether anything looks like a stack. */
function endOf(started: Started): { ended: string[]; stack: boolean } {
  const lines = started.text().split('\n')
  return {
    ended: lines.filter((line) => line.startsWith('cloudtabbyd: ')),
    stack: lines.some((line) => /^\s+at /.test(line)),
  }
}

test('an import that is interrupted says that nothing was taken', async () => {
  const file = join(folder, 'usage.csv')
  const lines = Array.from({ length: 400_000 }, (_, i) => `${1_780_272_000 + i},cpu,1,p${i % 100}\n`)
  await writeFile(file, `timestamp,name,value,project_id\n${lines.join('')}`)
  const started = startCloudtabbyd(['import', file, ...CONF], await storesIn('import'))
  await started.prints(/checking|importing/)
  started.process.kill('SIGINT')
  expect(await started.exit()).toBe(130)
  const told = `cloudtabbyd: ended by SIGINT: nothing of ${file} was imported; import it again.`
  expect(endOf(started)).toEqual({ ended: [told], stack: false })
})

test('the quickstart that is ended while it rates prints no bill, and says what counts', async () => {
  const started = startCloudtabbyd(['quickstart'], await storesIn('quickstart'))
  await started.prints(/rating: /)
  started.process.kill('SIGTERM')
  expect(await started.exit()).toBe(143)
  const { ended, stack } = endOf(started)
  expect(stack).toBe(false)
  expect(ended).toEqual([
    expect.stringMatching(
      /^cloudtabbyd: ended by SIGTERM: \d+ scope periods were rated and count; the next run goes on from there\.$/,
    ),
  ])
  expect(started.text()).not.toContain('The bill')
  expect(started.text()).not.toContain('nothing new')
})

test('a service at SIGHUP writes to a new log file and reads metrics.yml again, and ends in good order', async () => {
  const stores = await storesIn('serve')
  const metrics = join(folder, 'metrics.yml')
  await writeFile(metrics, 'metrics:\n  cpu:\n    unit: instance\n')
  const log = join(folder, 'service.log')
  const env = {
    ...stores,
    OS_DEFAULT__LOG_FILE: log,
    OS_COLLECT__METRICS_CONF: metrics,
    OS_COLLECT__SCOPE_KEY: 'tenant',
  }
  const started = startCloudtabbyd(['serve', ...CONF], env)
  // What is suggested goes by the key that scopes have here.
  await started.prints(/Answering on \S+, for instance \S+\/v2\/summary\?groupby=tenant for this month/)
  await rename(log, `${log}.1`)
  await writeFile(metrics, 'metrics:\n  cpu:\n    unit: core\n')
  started.process.kill('SIGHUP')
  await expect
    .poll(() => readFile(log, 'utf8').catch(() => ''), { timeout: 15_000 })
    .toMatch(/metrics\.yml has changed/)
  expect(await readFile(log, 'utf8')).toContain('got SIGHUP')
  started.process.kill('SIGTERM')
  expect(await started.exit()).toBe(143)
  expect(endOf(started)).toEqual({
    ended: [
      'cloudtabbyd: ended by SIGTERM: the service has ended; what was being rated is rated after the next start.',
    ],
    stack: false,
  })
})

const WAITING: readonly (readonly [args: readonly string[], account: string])[] = [
  [['serve'], 'the service was not yet up; the next start goes on from what is committed'],
  [['process'], 'nothing was changed; start it again'],
  [['migrate'], 'the stores are upgraded step by step, each whole or not at all; migrate again goes on from there'],
  [['hold'], 'nothing was changed; start it again'],
  [['reconcile'], 'nothing was changed; start it again'],
  [['reconcile', '--points-lost'], 'nothing was changed; start it again'],
  [['audit', 'list'], 'nothing was changed; start it again'],
  [['check-config', '--connect'], 'nothing was changed; start it again'],
  [
    ['collect', '--metric', 'cpu', '--begin', '2026-06-01T00:00:00Z', '--end', '2026-06-01T01:00:00Z'],
    'nothing was changed; start it again',
  ],
]

test.for(WAITING)('%j ends at a signal though what it asks is silent', async ([args, account]) => {
  const connections = new Set<Socket>()
  let asked = () => {}
  const isAsked = new Promise<void>((resolve) => (asked = resolve))
  const silent = createServer((socket) => {
    connections.add(socket)
    socket.on('error', () => {})
    asked()
  }).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as AddressInfo
  const metrics = join(folder, 'prometheus.yml')
  await writeFile(metrics, 'metrics:\n  cpu:\n    unit: instance\n')
  const started = startCloudtabbyd([...args, ...CONF], {
    OS_STATE__URL: `postgresql://postgres@127.0.0.1:${port}/cloudtabby`,
    OS_STORAGE_DUCKDB__PATH: join(folder, 'silent.duckdb'),
    OS_COLLECT__COLLECTOR: 'prometheus',
    OS_COLLECT__METRICS_CONF: metrics,
    OS_FETCHER__BACKEND: 'source',
    OS_FETCHER_SOURCE__SOURCES: 'p',
    OS_COLLECTOR_PROMETHEUS__PROMETHEUS_URL: `http://127.0.0.1:${port}/api/v1`,
    OS_API__PORT: '0',
  })
  try {
    await Promise.race([isAsked, started.exit().then(() => Promise.reject(new Error(started.text())))])
    started.process.kill('SIGINT')
    expect(await started.exit()).toBe(130)
    expect(endOf(started)).toEqual({ ended: [`cloudtabbyd: ended by SIGINT: ${account}.`], stack: false })
  } finally {
    started.process.kill('SIGKILL')
    for (const socket of connections) socket.destroy()
    silent.close()
  }
})

test('what is mistyped is told in one line with the nearest name', async () => {
  for (const [args, told] of [
    [['proces'], "cloudtabbyd: unknown command 'proces' (Did you mean process?)"],
    [['serve', '--confg-file', 'x'], "cloudtabbyd: unknown option '--confg-file' (Did you mean --config-file?)"],
    [['policy', 'chek'], "cloudtabbyd: unknown command 'chek' (Did you mean check?)"],
  ] as const) {
    const started = startCloudtabbyd(args)
    expect(await started.exit()).toBe(1)
    expect(started.text().trimEnd().split('\n')).toEqual([expect.stringContaining(told)])
  }
})
