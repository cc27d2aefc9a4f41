import { randomUUID } from 'node:crypto'
import { Client } from 'pg'
import type { State } from '../database.ts'
import { Disposer } from '../../lib/disposer.ts'
import { TcpProxy } from '../../lib/testing/tcp-proxy.ts'
import { openPostgres } from '../postgres/open-postgres.ts'

export const SERVER = process.env['POSTGRES_URL'] ?? 'postgresql://postgres@127.0.0.1:5432/postgres'

/** True when a PostgreSQL server can be used; without one the tests that need it are skipped, unless they must run. */
export async function hasPostgres(): Promise<boolean> {
  if (process.env['REQUIRE_SERVICES'] === '1') return true
  const client = new Client({ connectionString: SERVER, connectionTimeoutMillis: 2000 })
  try {
    await client.connect()
    await client.end()
    return true
  } catch {
    return false
  }
}

export interface TestDatabase {
  readonly name: string
  /** With its port. */
  readonly url: string
  /** Removes it, whoever is still connected. */
  readonly drop: () => Promise<void>
}

/** Makes an empty database, or a copy of one that nobody is connected to. */
export async function createTestDatabase({
  server = SERVER,
  template,
}: { server?: string; template?: string } = {}): Promise<TestDatabase> {
  const name = `cloudtabby_test_${randomUUID().replaceAll('-', '')}`
  await onServer(`CREATE DATABASE ${name}${template === undefined ? '' : ` TEMPLATE ${template}`}`, server)
  const url = new URL(server)
  url.pathname = `/${name}`
  url.port ||= '5432'
  return { name, url: url.href, drop: async () => void (await onServer(`DROP DATABASE ${name} WITH (FORCE)`, server)) }
}

/** Fresh, migrated state in a database of its own, which goes with it. */
export async function openTestPostgres(): Promise<State> {
  const { url, drop } = await createTestDatabase()
  const state = await openPostgres({ url })
  return {
    db: state.db,
    async [Symbol.asyncDispose]() {
      await state[Symbol.asyncDispose]()
      await drop()
    },
  }
}

/** Connections of as many processes to one fresh database, which goes with them. */
export async function openTestPools(count: number): Promise<{ readonly pools: State[] } & AsyncDisposable> {
  const owned = new Disposer()
  const { url, drop } = await createTestDatabase()
  owned.defer(drop)
  const pools = await Promise.all(Array.from({ length: count }, () => openPostgres({ url, poolSize: 4 })))
  for (const pool of pools) owned.use(pool)
  return { pools, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() }
}

/** An empty database, and a way to it that the test can disturb. */
export interface ProxiedDatabase extends AsyncDisposable {
  /** Through the proxy. */
  readonly url: string
  readonly proxy: TcpProxy
  /** Past the proxy: what connections the server has, what it does with them. */
  ask(statement: string): Promise<Record<string, unknown>[]>
}

export async function openProxiedDatabase(): Promise<ProxiedDatabase> {
  const { url: direct, drop } = await createTestDatabase()
  const proxy = await TcpProxy.start(direct)
  return {
    url: proxy.url,
    proxy,
    ask: (statement) => onServer(statement, direct),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]()
      await drop()
    },
  }
}

async function onServer(statement: string, url = SERVER): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows
  } finally {
    await client.end()
  }
}
