import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { toInstant } from '@cloudtabby/server/domain/period'
import { readRulesFile } from '@cloudtabby/server/quickstart/rules-file'
import { setFirstRules } from '@cloudtabby/server/quickstart/set-first-rules'
import { ruleTimeFromInstant } from '@cloudtabby/server/rating/rule-time'
import { open } from '@cloudtabby/server/commands/invocation'
import { openProcessor } from '@cloudtabby/server/wiring/open-processor'
import { processWithProgress } from '@cloudtabby/server/commands/process'

const PROGRAM = resolve(import.meta.dirname, '../packages/server/bin/cloudtabbyd.js')
const RULES = resolve(import.meta.dirname, 'rules.yml')

export interface RatedCloud {
  readonly points: number
  /** From the first question about scopes to the last commit; opening the stores is left out. */
  readonly seconds: number
  /** The most memory that this process had at any time, MB. */
  readonly peakMegabytes: number
}

/** Rates a cloud from a Prometheus as `cloudtabbyd process` does, on fresh embedded stores. */
export async function rateCloud(
  prometheusUrl: string,
  metrics: string,
  { begin, until, scopes }: { begin: number; until: number; scopes: readonly string[] },
): Promise<RatedCloud> {
  const folder = await mkdtemp(join(tmpdir(), 'cloudtabby-bench-'))
  try {
    await writeFile(join(folder, 'metrics.yml'), metrics)
    await writeFile(
      join(folder, 'cloudkitty.conf'),
      `[DEFAULT]
auth_strategy = noauth
log_file = log
[fetcher]
backend = source
[fetcher_source]
sources = ${scopes.join(',')}
[collect]
collector = prometheus
metrics_conf = metrics.yml
begin = ${new Date(begin * 1000).toISOString()}
wait_periods = 1
[collector_prometheus]
prometheus_url = ${prometheusUrl}
[state]
url = pglite:state
[storage_duckdb]
path = points.duckdb
`,
    )
    // Stores are made once in their life, by PGlite in much memory; what is measured is work on existing ones.
    execFileSync(process.execPath, [PROGRAM, 'migrate', '--config-file', 'cloudkitty.conf'], { cwd: folder })
    const { signal } = new AbortController()
    const invocation = {
      files: [join(folder, 'cloudkitty.conf')],
      dirs: [],
      env: {},
      cwd: folder,
      signal,
      terminal: false,
      print: () => {},
    }
    await using service = await open(invocation)
    const change = { who: 'bench', now: ruleTimeFromInstant(toInstant(new Date())) }
    await setFirstRules(service.db, readRulesFile(await readFile(RULES, 'utf8'), RULES), change)
    await using unit = await openProcessor(service)
    const started = performance.now()
    const { points, failed } = await processWithProgress(service, unit, invocation, until)
    const seconds = (performance.now() - started) / 1000
    if (failed.length > 0) throw new Error(`not everything was rated: ${failed[0]!.error}`)
    return { points, seconds, peakMegabytes: process.resourceUsage().maxRSS / 1024 }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
