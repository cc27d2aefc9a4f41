import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { whyNoPrometheus } from '../../packages/server/src/collectors/testing/start-prometheus.ts'
import { whyNoClickHouse } from '../../packages/server/src/storage/testing/test-clickhouse.ts'
import { hasPostgres, SERVER } from '../../packages/server/src/state/testing/open-test-postgres.ts'

const missing =
  whyNoPrometheus() ??
  whyNoClickHouse() ??
  ((await hasPostgres()) ? undefined : 'no PostgreSQL answers; set POSTGRES_URL')

test.skipIf(missing !== undefined)(
  `the bill is exact although one of two processors was killed${missing ? ` (skipped: ${missing})` : ''}`,
  { timeout: 300_000 },
  async () => {
    const args = ['--import', 'tsx', join(import.meta.dirname, 'run.ts'), '--projects', '10', '--hours', '240']
    const env = { ...process.env, POSTGRES_URL: SERVER }
    const { stdout } = await promisify(execFile)(process.execPath, args, { env })
    expect(stdout).toMatch(/^processor 1 \(pid \d+\) was killed/m)
    expect(stdout).toMatch(/^100 %: 2400 of 2400 /m)
    expect(stdout).toMatch(/^points: 14400, and there must be 14400$/m)
    const [, price, expected] = /^price: +(\S+), and it must be (\S+)$/m.exec(stdout)!
    expect(price).toBe(expected)
  },
)
