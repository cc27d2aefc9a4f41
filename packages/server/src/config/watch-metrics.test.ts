import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import type { ConfigFault } from './config-fault.ts'
import type { MetricsFile } from './metrics.ts'
import { TEST_PLUGINS } from './testing/plugins.ts'
import { watchMetrics } from './watch-metrics.ts'

const one = 'metrics: {cpu: {unit: instance}}\n'
const two = 'metrics: {cpu: {unit: instance}, disk: {unit: GiB}}\n'
const faulty = 'metrics: {cpu: {}}\n'

async function watched({ intervalMs = 3_600_000 } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'watch-'))
  const path = join(folder, 'metrics.yml')
  await writeFile(path, one)
  const seen: (string | readonly string[])[] = []
  const stop = new AbortController()
  const watch = watchMetrics({
    path,
    text: one,
    context: { scopeKey: 'project_id', collector: await TEST_PLUGINS.collector.prometheus() },
    intervalMs,
    signal: stop.signal,
    onChange: (file: MetricsFile) => seen.push(file.metrics.map(({ type }) => type)),
    onFaults: (faults: readonly ConfigFault[]) => seen.push(faults.map(({ reason }) => reason).join()),
  })
  return {
    path,
    seen,
    watch,
    stop,
    async [Symbol.asyncDispose]() {
      await watch[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}

test('a changed file is told once, and an unchanged one never', async () => {
  await using at = await watched()
  await at.watch.check()
  await writeFile(at.path, two)
  await at.watch.check()
  await at.watch.check()
  expect(at.seen).toEqual([['cpu', 'disk']])
})

test('a faulty file is told once for each change, and its repair too', async () => {
  await using at = await watched()
  await writeFile(at.path, faulty)
  await at.watch.check()
  await at.watch.check()
  await writeFile(at.path, `${faulty}# still\n`)
  await at.watch.check()
  await writeFile(at.path, one)
  await at.watch.check()
  expect(at.seen).toEqual([
    "expected a mapping with at least the key 'unit', got an empty mapping",
    "expected a mapping with at least the key 'unit', got an empty mapping",
    ['cpu'],
  ])
})

test('a file that is replaced, and one that is gone for a while, are noticed', async () => {
  await using at = await watched()
  await writeFile(`${at.path}.new`, two)
  await rename(`${at.path}.new`, at.path)
  await at.watch.check()
  await rm(at.path)
  await at.watch.check()
  await at.watch.check()
  await writeFile(at.path, two)
  await at.watch.check()
  expect(at.seen).toEqual([['cpu', 'disk'], expect.stringMatching(/^cannot be read: ENOENT/), ['cpu', 'disk']])
})

test('a touched file with the same text is no change', async () => {
  await using at = await watched()
  await writeFile(at.path, one)
  await at.watch.check()
  expect(at.seen).toEqual([])
})

test('it looks by itself, and stops when it is told to', async () => {
  await using at = await watched({ intervalMs: 5 })
  await writeFile(at.path, two)
  await vi.waitFor(() => expect(at.seen).toEqual([['cpu', 'disk']]), { timeout: 20_000 })
  at.stop.abort()
  await at.watch[Symbol.asyncDispose]()
  await writeFile(at.path, one)
  await at.watch.check()
  expect(at.seen).toHaveLength(1)
})
