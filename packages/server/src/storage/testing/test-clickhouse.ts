import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { createClient } from '@clickhouse/client'
import { whyNoChdb } from './chdb.ts'

const ROOT = resolve(import.meta.dirname, '../../../../..')

/** A ClickHouse that answers over HTTP. */
interface TestClickHouse extends AsyncDisposable {
  readonly url: string
}

/** A ClickHouse that was started here, in a folder that stays. */
export interface StartedClickHouse extends TestClickHouse {
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
}

/** Undefined where `openTestClickHouse` works; else why the tests that need it are skipped. */
export function whyNoClickHouse(): string | undefined {
  return process.env['CLICKHOUSE_URL'] ? undefined : whyNoChdb()
}

/** An empty database on it; disposal drops it, and ends the server when it was started for this. */
export interface TestClickHouseDatabase extends AsyncDisposable {
  readonly url: string
  readonly database: string
}

/**
 * A database of its own on the server at `CLICKHOUSE_URL`; without one, on a server that is started for it and needs
 * nothing but `npm run install:chdb` (scripts/services/clickhouse-server.ts). Starting takes half a second and 300 MB: one for a
 * test file is enough.
 */
export async function openTestClickHouse(): Promise<TestClickHouseDatabase> {
  const server = await serverForTests()
  const database = `cloudtabby_test_${randomUUID().replaceAll('-', '')}`
  const client = createClient({ url: server.url })
  await client.command({ query: `CREATE DATABASE ${database}` })
  return {
    url: server.url,
    database,
    async [Symbol.asyncDispose]() {
      await client.command({ query: `DROP DATABASE IF EXISTS ${database} SYNC` })
      await client.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

async function serverForTests(): Promise<TestClickHouse> {
  const url = process.env['CLICKHOUSE_URL']
  if (url !== undefined && url !== '') return { url, async [Symbol.asyncDispose]() {} }
  const dir = await mkdtemp(join(tmpdir(), 'cloudtabby-clickhouse-'))
  const server = await startClickHouse(dir)
  return {
    url: server.url,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** Starts one on a folder, which may hold what an earlier one left. It ends with this process, however that ends. */
export async function startClickHouse(dir: string, { port = 0 } = {}): Promise<StartedClickHouse> {
  const script = join(ROOT, 'scripts/services/clickhouse-server.ts')
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', script, '--dir', dir, '--port', String(port), '--with-stdin'],
    { cwd: ROOT, stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const ended = once(child, 'exit')
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal)
    await ended
  }
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('http://')) continue
    child.stdout.resume()
    return { url: line, kill: () => end('SIGKILL'), [Symbol.asyncDispose]: () => end('SIGTERM') }
  }
  throw new Error(`the ClickHouse for tests ended with ${String((await ended)[0])} before it listened`)
}
