import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rename, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** One series to put into Prometheus: its samples ascending by time. */
export interface SeriesData {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly samples: readonly (readonly [instant: number, value: string | number])[]
}

export interface TestPrometheus extends AsyncDisposable {
  /** With the prefix of its API, as `prometheus_url` wants it. */
  readonly url: string
  /** How many requests to its query API it has answered, by its own counter. */
  queries(): Promise<number>
}

/**
 * Undefined where the real Prometheus can run; else why the tests that need it are skipped. With REQUIRE_SERVICES=1 they
 * are never skipped, and fail instead.
 */
export function whyNoPrometheus(programs: readonly string[] = ['prometheus', 'promtool']): string | undefined {
  if (process.env['REQUIRE_SERVICES'] === '1') return undefined
  const absent = programs.filter((program) => {
    const { error } = spawnSync(program, ['--version'], { stdio: 'ignore' })
    return error !== undefined
  })
  if (absent.length === 0) return undefined
  return `not installed: ${absent.join(', ')}; scripts/services/prometheus.sh install`
}

/** A real Prometheus on loopback, in a folder of its own, that holds exactly the given series and scrapes nothing. */
export async function startPrometheus(data: readonly SeriesData[]): Promise<TestPrometheus> {
  const dir = await mkdtemp(join(tmpdir(), 'prometheus-'))
  try {
    await writeBlocks(dir, data)
    return await serve(dir)
  } catch (error) {
    await rm(dir, { recursive: true, force: true })
    throw error
  }
}

async function writeBlocks(dir: string, data: readonly SeriesData[]): Promise<void> {
  const [text, blocks, store] = [join(dir, 'samples.om'), join(dir, 'blocks'), join(dir, 'data')]
  await mkdir(store)
  await writeFile(join(dir, 'prometheus.yml'), 'scrape_configs: []\n')
  if (data.every(({ samples }) => samples.length === 0)) return
  await writeFile(text, openMetrics(data))
  const create = ['tsdb', 'create-blocks-from', 'openmetrics', '--quiet', '--max-block-duration=768h', text, blocks]
  execFileSync('promtool', create, { stdio: ['ignore', 'ignore', 'inherit'] })
  for (const block of await readdir(blocks)) await rename(join(blocks, block), join(store, block))
}

/** https://github.com/OpenObservability/OpenMetrics: the samples of one metric stand together. */
function openMetrics(data: readonly SeriesData[]): string {
  const lines: string[] = []
  for (const { name, labels, samples } of [...data].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))) {
    const text = Object.entries(labels)
      .map(
        ([label, value]) =>
          `${label}="${value.replaceAll(/[\\"]/g, String.raw`\$&`).replaceAll('\n', String.raw`\n`)}"`,
      )
      .join(',')
    for (const [instant, value] of samples) lines.push(`${name}{${text}} ${value} ${instant}`)
  }
  return `${lines.join('\n')}\n# EOF\n`
}

async function serve(dir: string): Promise<TestPrometheus> {
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(dir, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(dir, 'data')}`,
      '--storage.tsdb.retention.time=100y',
      '--web.listen-address=127.0.0.1:0',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  const dispose = async (): Promise<void> => {
    child.kill('SIGTERM')
    await ended
    await rm(dir, { recursive: true, force: true })
  }
  try {
    const url = await listening(child.stderr)
    await ready(url)
    return { url: `${url}/api/v1`, queries: () => countQueries(url), [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

/** Prometheus takes a free port by itself, and says which one in its log, which is read to its end. */
function listening(log: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve, reject) => {
    const seen: string[] = []
    const lines = createInterface({ input: log })
    lines.on('line', (line) => {
      if (seen.length < 100) seen.push(line)
      const port = /Listening on.*address=127\.0\.0\.1:(\d+)/.exec(line)?.[1]
      if (port !== undefined) resolve(`http://127.0.0.1:${port}`)
    })
    lines.on('close', () => reject(new Error(`prometheus ended before it listened:\n${seen.join('\n')}`)))
  })
}

async function ready(url: string): Promise<void> {
  const deadline = AbortSignal.timeout(60_000)
  while (!(await fetch(`${url}/-/ready`, { signal: deadline })).ok)
    await new Promise((resolve) => setTimeout(resolve, 50))
}

async function countQueries(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const counters = text.matchAll(
    /^prometheus_http_requests_total\{code="\d+",handler="\/api\/v1\/query(?:_range)?"\} (\S+)$/gm,
  )
  return [...counters].reduce((sum, [, count]) => sum + Number(count), 0)
}
