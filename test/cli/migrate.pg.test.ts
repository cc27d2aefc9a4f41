import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { MIGRATIONS_FOLDER } from '../../packages/server/src/state/database.ts'
import { hasPostgres, openProxiedDatabase } from '../../packages/server/src/state/testing/open-test-postgres.ts'
import { runCloudtabbyd } from './run-cloudtabbyd.ts'

describe.skipIf(!(await hasPostgres()))('processes that start at the same time on an empty PostgreSQL', () => {
  test('migrate it once between them, and each finds it ready; without a server they say so', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cloudtabby-migrate-'))
    try {
      await using database = await openProxiedDatabase()
      const file = join(folder, 'cloudkitty.conf')
      await writeFile(join(folder, 'metrics.yml'), 'metrics:\n  cpu:\n    unit: instance\n')
      await writeFile(
        file,
        `[DEFAULT]\nauth_strategy = noauth\n[collect]\ncollector = samples\nmetrics_conf = ${folder}/metrics.yml\n` +
          `[fetcher]\nbackend = samples\n[state]\nurl = ${database.url}\n`,
      )
      const start = (...processes: number[]) =>
        Promise.all(
          processes.map((i) =>
            runCloudtabbyd(['migrate', '--config-file', file], {
              OS_STORAGE_DUCKDB__PATH: join(folder, `points-${i}.duckdb`),
            }),
          ),
        )
      expect((await start(1, 2, 3, 4)).map(({ status, text }) => [status, status === 0 ? '' : text])).toEqual(
        Array.from({ length: 4 }, () => [0, '']),
      )
      const steps = (await readdir(MIGRATIONS_FOLDER)).filter((name) => name.endsWith('.sql'))
      const done = await database.ask('SELECT count(*)::int AS n FROM drizzle.__drizzle_migrations')
      expect(done).toEqual([{ n: steps.length }])

      await database.proxy.set('refuse')
      const [refused] = await start(1)
      expect(refused!.status).not.toBe(0)
      expect(refused!.text).toContain(new URL(database.url).host)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
