import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatInstant } from '../../packages/server/src/domain/period.ts'
import { readRulesFile } from '../../packages/server/src/quickstart/rules-file.ts'
import { setFirstRules } from '../../packages/server/src/quickstart/set-first-rules.ts'
import { ruleTimeFromInstant } from '../../packages/server/src/rating/rule-time.ts'
import { runServe } from '../../packages/server/src/commands/serve.ts'
import { invocationIn } from '../../packages/server/src/commands/testing/invocation-in.ts'
import { makeTestStateFolder } from '../../packages/server/src/state/testing/open-test-state.ts'
import { importWithProgress } from '../../packages/server/src/commands/import.ts'
import { type Invocation, open } from '../../packages/server/src/commands/invocation.ts'
import { openProcessor } from '../../packages/server/src/wiring/open-processor.ts'
import { processWithProgress } from '../../packages/server/src/commands/process.ts'

const HERE = import.meta.dirname
const HOUR = 3600
const BEGIN = Date.UTC(2026, 4, 1) / 1000

/** Lines of [DEFAULT], and sections, that say who may use the service. */
const NOAUTH = 'auth_strategy = noauth'

export const PROJECT_A = '7a7e5183264644a7a79530eb56e59941'
export const PROJECT_B = '9084fadcbd46481788e0ad7405dcbf12'

/** Each thing that is there in both hours. With rules.yml project A pays 0.625 + 1, project B 0.125 an hour. */
const THINGS = [
  { name: 'instance', value: 1, project: PROJECT_A, id: 'vm-1', flavor: 'm1.small' },
  { name: 'instance', value: 1, project: PROJECT_A, id: 'vm-2', flavor: 'm1.large' },
  { name: 'volume.size', value: 100, project: PROJECT_A, id: 'disk-1', flavor: '' },
  { name: 'instance', value: 1, project: PROJECT_B, id: 'vm-3', flavor: 'm1.small' },
]

export interface RatedCloud extends AsyncDisposable {
  /** Where the API answers, without a slash at the end. */
  readonly url: string
  /** For what a test keeps beside the service. */
  readonly folder: string
}

/**
 * A service, on a free port, that has rated the first two hours of May 2026 of two projects and rates no more: what it
 * answers changes only by what its clients do. Who reaches it is an administrator.
 */
export async function startRatedCloud({
  auth = NOAUTH,
  sections = '',
}: { auth?: string; sections?: string } = {}): Promise<RatedCloud> {
  const folder = await mkdtemp(join(tmpdir(), 'cloudtabby-client-'))
  const stop = new AbortController()
  let served: Promise<number> | undefined
  const end = async () => {
    stop.abort()
    await served
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await makeTestStateFolder(join(folder, 'state'))
    await writeFile(
      join(folder, 'cloudkitty.conf'),
      `[DEFAULT]
log_file = ${join(folder, 'service.log')}
${auth}
[api]
port = 0
[fetcher]
backend = source
[fetcher_source]
sources = ${PROJECT_A},${PROJECT_B}
[collect]
collector = samples
metrics_conf = ${join(HERE, 'metrics.yml')}
begin = ${formatInstant(BEGIN)}
wait_periods = 1
[state]
url = pglite:state
[storage_duckdb]
path = points.duckdb
${sections}
`,
    )
    const invocation = invocationIn(folder, { signal: stop.signal })
    await rate(invocation)
    const url = await new Promise<string>((resolve, reject) => {
      const print = (text: string) => resolve(/http:\/\/[\d.:]+/.exec(text)![0])
      served = runServe({ ...invocation, print }, 'api')
      served.catch(reject)
    })
    return { url, folder, [Symbol.asyncDispose]: end }
  } catch (error) {
    await end().catch(() => undefined)
    throw error
  }
}

async function rate(invocation: Invocation): Promise<void> {
  await using service = await open(invocation)
  const rules = join(HERE, 'rules.yml')
  const change = { who: 'test', now: ruleTimeFromInstant(BEGIN) }
  await setFirstRules(service.db, readRulesFile(await readFile(rules, 'utf8'), rules), change)

  const usage = join(invocation.cwd, 'usage.csv')
  const lines = [BEGIN, BEGIN + HOUR].flatMap((at) =>
    THINGS.map(({ name, value, project, id, flavor }) => [at, name, value, project, id, flavor].join(',')),
  )
  await writeFile(usage, ['timestamp,name,value,project_id,id,flavor_name', ...lines, ''].join('\n'))
  await importWithProgress(service, invocation, usage)

  await using unit = await openProcessor(service)
  const until = BEGIN + 2 * HOUR + 1
  const { failed } = await processWithProgress(service, unit, invocation, until)
  if (failed.length > 0) throw new Error(`not rated: ${JSON.stringify(failed)}`)
}
