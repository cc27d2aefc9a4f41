import type { PGlite } from '@electric-sql/pglite'
import { drizzle } from 'drizzle-orm/pglite'
import type { State } from '../database.ts'

interface Kept {
  readonly client: PGlite
  /** What a database that nobody used has: its rows, by table, and how many things there are beside them. */
  readonly fresh: { readonly rows: ReadonlyMap<string, string>; readonly things: string }
}

/**
 * Databases in memory for one test after the other: to start a PGlite takes a second of the processor, to empty it a few
 * hundredths. Each is as new when it is handed out; one in which tables, functions or triggers were made is not used again.
 */
export class ReusedPGlites {
  readonly #create: () => Promise<PGlite>
  readonly #free: Kept[] = []

  /** `create` gives a database with all its tables. */
  constructor(create: () => Promise<PGlite>) {
    this.#create = create
  }

  async open(): Promise<State> {
    const kept = this.#free.pop() ?? (await remember(await this.#create()))
    const lease = lend(kept.client)
    return {
      db: drizzle(lease.client),
      [Symbol.asyncDispose]: async () => {
        if (!lease.end()) return
        // Whoever still waits for an answer gets it first.
        if (await empty(kept).catch(() => false)) this.#free.push(kept)
        else await kept.client.close()
      },
    }
  }
}

/** As the database itself until the end, and like a closed one from then on. */
function lend(client: PGlite): { readonly client: PGlite; end(): boolean } {
  let isOver = false
  const lent = new Proxy(client, {
    get(target, key) {
      if (isOver) throw new Error('PGlite is closed')
      const value: unknown = Reflect.get(target, key, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
  const end = () => {
    const isFirst = !isOver
    isOver = true
    return isFirst
  }
  return { client: lent, end }
}

async function remember(client: PGlite): Promise<Kept> {
  const tables = await client.query<{ name: string }>(
    `SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename`,
  )
  const rows = new Map<string, string>()
  for (const { name } of tables.rows) {
    // oxlint-disable-next-line no-await-in-loop -- one connection
    const found = await client.query<{ rows: string }>(
      `SELECT coalesce(json_agg(t), '[]')::text AS rows FROM ${name} t`,
    )
    rows.set(name, found.rows[0]!.rows)
  }
  return { client, fresh: { rows, things: await countThings(client) } }
}

/** False when it cannot be made as it was. */
async function empty({ client, fresh }: Kept): Promise<boolean> {
  if ((await countThings(client)) !== fresh.things) return false
  await client.exec(`RESET ALL; TRUNCATE ${[...fresh.rows.keys()].join(', ')} RESTART IDENTITY CASCADE`)
  for (const [name, rows] of fresh.rows) {
    if (rows === '[]') continue
    const sql = `INSERT INTO ${name} OVERRIDING SYSTEM VALUE SELECT * FROM json_populate_recordset(NULL::${name}, $1::json)`
    // oxlint-disable-next-line no-await-in-loop -- one connection
    await client.query(sql, [rows])
  }
  return true
}

async function countThings(client: PGlite): Promise<string> {
  const catalogs = ['pg_class', 'pg_proc', 'pg_trigger', 'pg_constraint', 'pg_namespace', 'pg_type']
  const counts = catalogs.map((catalog) => `(SELECT count(*) FROM ${catalog})`).join(` || ' ' || `)
  return (await client.query<{ counts: string }>(`SELECT ${counts} AS counts`)).rows[0]!.counts
}
