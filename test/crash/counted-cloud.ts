import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openPGlite } from '../../packages/server/src/state/pglite/open-pglite.ts'
import { makeTestStateFolder } from '../../packages/server/src/state/testing/open-test-state.ts'
import { createRules } from '../shared/first-rules.ts'

const HERE = import.meta.dirname

export const SCOPES = Array.from({ length: 6 }, (_, i) => `project-${i}`)

/** State in a folder, with the cloud's prices from `begin` on. */
export async function createState(folder: string, begin: number): Promise<void> {
  await makeTestStateFolder(join(folder, 'state'))
  await using state = await openPGlite(join(folder, 'state'))
  await createRules(state.db, join(HERE, 'rules.yml'), begin)
}

/** Settings in a folder, which is made when there is none: to rate what `counted-collector.js` counts, with embedded stores in the same folder. */
export async function writeConfig(folder: string, begin: number): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(
    join(folder, 'cloudkitty.conf'),
    `[DEFAULT]
auth_strategy = noauth
[api]
port = 0
[fetcher]
backend = source
[fetcher_source]
sources = ${SCOPES.join(',')}
[collect]
collector = ${join(HERE, 'counted-collector.js')}
metrics_conf = ${join(HERE, 'metrics.yml')}
begin = ${new Date(begin * 1000).toISOString()}
wait_periods = 1
[processor]
max_points_per_batch = 1000
[state]
url = pglite:${join(folder, 'state')}
[storage_duckdb]
path = ${join(folder, 'points.duckdb')}
`,
  )
}
