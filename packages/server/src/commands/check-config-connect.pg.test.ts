import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { describe, expect, test } from 'vitest'
import { openPostgres } from '../state/postgres/open-postgres.ts'
import { createTestDatabase, hasPostgres } from '../state/testing/open-test-postgres.ts'
import { runCheckConfig } from './check-config.ts'
import { invocationIn } from './testing/invocation-in.ts'

describe.skipIf(!(await hasPostgres()))('check-config --connect with state on PostgreSQL', () => {
  test('says whether there are tables, migrates nothing, and tells CloudKitty’s own database', async () => {
    const { url, drop } = await createTestDatabase()
    const folder = await mkdtemp(join(tmpdir(), 'cloudtabby-connect-'))
    const connect = async (state: string) => {
      await writeFile(
        join(folder, 'a.conf'),
        `[DEFAULT]
auth_strategy = noauth
[collect]
collector = samples
metrics_conf = metrics.yml
[fetcher]
backend = samples
[state]
url = ${state}
[storage_duckdb]
path = points.duckdb
`,
      )
      const invocation = invocationIn(folder, { file: 'a.conf' })
      const status = await runCheckConfig(invocation, { role: 'api', connect: true })
      const printed = invocation.takePrinted()
      return { status, line: printed.split('\n').findLast((line) => line.startsWith('  state')) }
    }
    const tables = async () => {
      const client = new Client({ connectionString: url })
      await client.connect()
      const { rows } = await client.query(
        `SELECT table_name FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')`,
      )
      await client.end()
      return rows.length
    }
    try {
      await writeFile(join(folder, 'metrics.yml'), 'metrics:\n  up:\n    unit: h\n')
      expect(await connect(url)).toEqual({
        status: 0,
        line: expect.stringMatching(/: answered in \d+ ms: is empty yet; the first start makes its tables$/),
      })
      expect(await tables()).toBe(0)

      // While a service has it open.
      await using service = await openPostgres({ url, poolSize: 1 })
      expect(await connect(url)).toEqual({ status: 0, line: expect.stringMatching(/: answered in \d+ ms$/) })
      expect(service.db).toBeDefined()

      const wrong = new URL(url)
      wrong.pathname = '/no_such_database'
      expect(await connect(wrong.href)).toEqual({
        status: 1,
        line: expect.stringMatching(/did not answer: .*"no_such_database" does not exist.*look at \[state\]$/),
      })
    } finally {
      await rm(folder, { recursive: true, force: true })
      await drop()
    }
  })
})
