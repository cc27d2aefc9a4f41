import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { add, decimal, formatDecimal, ZERO } from '../../packages/server/src/domain/decimal.ts'
import { openDuckDBStore } from '../../packages/server/src/storage/duckdb/open-duckdb-store.ts'
import { Batches } from '../../packages/server/src/state/batches.ts'
import { openPGlite } from '../../packages/server/src/state/pglite/open-pglite.ts'
import { type Started, startCloudtabbyd, runCloudtabbyd } from './run-cloudtabbyd.ts'

let folder: string
let env: Record<string, string>
let first: Started
let url: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloudtabby-quickstart-test-'))
  env = {
    OS_STATE__URL: `pglite:${join(folder, 'state')}`,
    OS_STORAGE_DUCKDB__PATH: join(folder, 'points.duckdb'),
    OS_API__PORT: '0',
  }
  first = startCloudtabbyd(['quickstart'], env)
  ;[, url] = (await first.prints(/Answering on (http:\S+),/)) as unknown as [string, string]
}, 240_000)
afterAll(async () => {
  first.process.kill('SIGKILL')
  await first.exit()
  await rm(folder, { recursive: true, force: true })
})

const SPAN = 'begin=2000-01-01&end=2100-01-01'
const get = async (path: string) => (await fetch(`${url}${path}`)).text()
/** Numbers of a summary as they were printed, never as doubles. */
const ratesOf = (text: string) => [...text.matchAll(/"rate": ([-\d.e]+)/g)].map((match) => decimal(match[1]!))

test('from nothing it imports, rates, and prints what each of the five projects owes', () => {
  expect(first.text()).toMatch(/Usage: \d+ samples of a made-up cloud/)
  for (const project of ['ci-runners', 'intranet', 'media', 'research', 'web-shop', 'all']) {
    expect(first.text()).toMatch(new RegExp(`^${project} +│.* ?[1-9]\\d*\\.\\d\\d *$`, 'm'))
  }
})

test('nothing of the bill is wider than a terminal, and the request beside it gives the same figures', async () => {
  await first.prints(/curl '/)
  const bill = /^The bill from .*\n((?:.*[│┼┬┴].*\n)+)/m.exec(first.text())![1]!
  for (const line of bill.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  const [, request] = /^ {2}curl '(http.*)'$/m.exec(first.text())!
  const answer = JSON.parse(await (await fetch(request!)).text()) as {
    columns: string[]
    results: (string | number)[][]
  }
  const column = (name: string) => answer.columns.indexOf(name)
  const asked = answer.results.map((row) => [row[column('project_id')], Number(row[column('rate')]).toFixed(2)])
  const shown = bill.split('\n').flatMap((line) => /^([a-z-]+) +│.*│ *([\d.]+) *$/.exec(line)?.slice(1, 3) ?? [])
  const pairs = Array.from({ length: shown.length / 2 }, (_, i) => shown.slice(2 * i, 2 * i + 2))
  expect(pairs.filter(([project]) => project !== 'all' && project !== 'project')).toEqual(
    asked.toSorted(([a], [b]) => String(a).localeCompare(String(b))),
  )
})

test('the summary by project and by type, the v1 total and the rows in the file agree to the last digit', async () => {
  const sums = await Promise.all(
    ['', '&groupby=project_id', '&groupby=type', '&groupby=time&limit=100000'].map(async (grouping) =>
      ratesOf(await get(`/v2/summary?${SPAN}&response_format=object${grouping}`)).reduce((a, b) => add(a, b), ZERO),
    ),
  )
  const total = JSON.parse(await get(`/v1/report/total?all_tenants=true&${SPAN}`)) as string
  expect(sums.map(formatDecimal)).toEqual(sums.map(() => total))

  // The file is this process's while it runs: a second one is told so.
  const second = await runCloudtabbyd(['process', '--config-file', 'examples/quickstart/cloudkitty.conf'], env)
  expect(second).toMatchObject({ status: 1 })
  expect(second.text).toContain(`another cloudtabbyd (process ${first.process.pid}) uses ${join(folder, 'state')}`)

  first.process.kill('SIGTERM')
  expect(await first.exit()).toBe(143)
  await using state = await openPGlite(join(folder, 'state'))
  await using store = await openDuckDBStore({ path: join(folder, 'points.duckdb') })
  const everything = { begin: 0, end: 4_102_444_800, types: [], attributes: new Map(), offset: 0, limit: undefined }
  const snapshot = await new Batches(state.db, { owner: 'test', leaseSeconds: 60 }).snapshot()
  const { points } = await store.retrieve(everything, snapshot)
  expect(formatDecimal(points.reduce((sum, point) => add(sum, point.price), ZERO))).toBe(total)
})

test('starting again rates only what is new, and ends when it is asked to', async () => {
  const again = await runCloudtabbyd(['quickstart', '--no-serve'], env)
  expect(again.status).toBe(0)
  // An hour may have turned since the first start.
  expect(again.text).toMatch(/Usage: (nothing new since the last start|\d{1,3} samples)/)
  expect(again.text).toMatch(/Rated: (nothing new|[5]|10 hours)/)
})
