import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { metricsReader } from './metrics-reader.ts'

const CONTEXT = { scopeKey: 'project_id', collector: undefined }
const metric = (name: string) => `metrics: {${name}: {unit: GiB}}\n`

test('a metrics file is parsed once for each change, and read again when it was replaced or has gone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cloudtabby-metrics-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'metrics.yml')
  await writeFile(path, metric('a'))
  const reader = metricsReader(path, CONTEXT)
  const first = await reader.read()
  expect(first.metrics.map(({ type }) => type)).toEqual(['a'])
  // The very same object: nothing was read or parsed.
  const [second, third] = await Promise.all([reader.read(), reader.read()])
  expect([second === first, third === first]).toEqual([true, true])

  await writeFile(`${path}.new`, metric('b'))
  await rename(`${path}.new`, path)
  expect((await reader.read()).metrics.map(({ type }) => type)).toEqual(['b'])

  await rm(path)
  await expect(reader.read()).rejects.toThrow(/metrics\.yml cannot be read: ENOENT/)
  await writeFile(path, metric('c'))
  expect((await reader.read()).metrics.map(({ type }) => type)).toEqual(['c'])
})
