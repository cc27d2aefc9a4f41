import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isThorough } from '../../packages/server/src/lib/testing/tries.ts'
import { makeTestStateFolder } from '../../packages/server/src/state/testing/open-test-state.ts'
import { type Started, startCloudtabbyd } from '../cli/run-cloudtabbyd.ts'

const MB = 1024 * 1024
const BODY_MB = isThorough ? 200 : 60
const BAD_BODY_MB = isThorough ? 60 : 20
const MEMORY_MAX = 600 * MB
const PERIOD = '"period": {"begin": "2026-06-11T07:00:00Z", "end": "2026-06-11T08:00:00Z"}'

let folder: string
let service: Started
let url: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloudtabby-push-'))
  // Else the start would make the embedded database, which takes more memory than anything after it.
  await makeTestStateFolder(join(folder, 'state'))
  await start()
})
afterAll(async () => {
  await stop()
  await rm(folder, { recursive: true, force: true })
})

async function start(): Promise<void> {
  service = startCloudtabbyd(['serve', '--role', 'api', '--config-file', 'examples/quickstart/cloudkitty.conf'], {
    OS_STATE__URL: `pglite:${join(folder, 'state')}`,
    OS_STORAGE_DUCKDB__PATH: join(folder, 'points.duckdb'),
    OS_API__PORT: '0',
  })
  url = (await service.prints(/Answering on (http:\S+?),/))[1]!
}

async function stop(): Promise<void> {
  service.process.kill('SIGTERM')
  await service.exit()
}

/** Points of so many bytes in all of 100,000 disks; then how many they were. */
function* points(bytes: number): Generator<string, number> {
  let count = 0
  for (let written = 0; written < bytes; count++) {
    const point = `{"vol": {"unit": "GiB", "qty": ${count % 100}.25}, "rating": {"price": 0.125}, "groupby": {"id": "disk-${count % 100_000}", "project_id": "project-${count % 50}"}, "metadata": {"volume_type": "ssd", "availability_zone": "nova"}}`
    written += point.length
    yield count === 0 ? point : `,${point}`
  }
  return count
}

async function push(body: () => Iterable<string>): Promise<{ status: number; text: string }> {
  const response = await fetch(`${url}/v2/dataframes`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: Readable.from(inLargePieces(body()), { objectMode: false }),
    duplex: 'half',
  } as RequestInit)
  return { status: response.status, text: await response.text() }
}

function* inLargePieces(pieces: Iterable<string>): Generator<string> {
  let text = ''
  for (const piece of pieces) {
    text += piece
    if (text.length < 64 * 1024) continue
    yield text
    text = ''
  }
  yield text
}

async function storedPoints(): Promise<unknown> {
  const query = 'begin=2026-06-01&end=2026-07-01&custom_fields=COUNT(qty)'
  const summary = (await (await fetch(`${url}/v2/summary?${query}`)).json()) as { results: unknown[][] }
  return summary.results[0]?.[2]
}

/** The most memory that the service ever had, in bytes. */
function peakMemory(): number {
  const status = readFileSync(`/proc/${service.process.pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)![1]) * 1024
}

test(`a body of ${BODY_MB} MB is stored whole in less than 600 MB of memory`, { timeout: 900_000 }, async () => {
  let count = 0
  const { status, text } = await push(function* () {
    yield `{"dataframes": [{${PERIOD}, "usage": {"volume": [`
    count = yield* points(BODY_MB * MB)
    yield ']}}]}'
  })
  expect({ status, text }).toEqual({ status: 204, text: '' })
  expect(await storedPoints()).toBe(count)
  expect(peakMemory()).toBeLessThan(MEMORY_MAX)
})

test(
  `one bad point at the end of ${BAD_BODY_MB} MB is named, though its period comes last, and none of the body is stored`,
  { timeout: 900_000 },
  async () => {
    const before = await storedPoints()
    let count = 0
    const { status, text } = await push(function* () {
      yield '{"dataframes": [{"usage": {"volume": ['
      count = yield* points(BAD_BODY_MB * MB)
      yield `,{"vol": {"unit": "GiB", "qty": "many"}, "groupby": {}, "metadata": {}}]}, ${PERIOD}}]}`
    })
    expect(status).toBe(400)
    expect(text).toContain(`expected a number (path: 'dataframes.0.usage.volume.${count}.vol.qty')`)
    expect(await storedPoints()).toBe(before)
    expect(peakMemory()).toBeLessThan(MEMORY_MAX)
  },
)
