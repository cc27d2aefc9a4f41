import { Pool, type PoolClient, type PoolConfig, type QueryConfig, type QueryResult } from 'pg'
import { isBroken, unavailable } from './unavailable.ts'

/**
 * What drizzle needs of a pool, without two gaps of its own: a connection that breaks as a transaction begins goes back to
 * the pool, and one that breaks while it is lent out does not end the process. Whatever keeps the server from answering is
 * thrown as `state.unavailable`. Drizzle tells a pool by its name.
 */
export class ConnectionPool implements AsyncDisposable {
  readonly #pool: Pool

  constructor(config: PoolConfig, onError: (error: Error) => void) {
    this.#pool = new Pool(config)
    // An idle connection broke: the pool forgets it and makes a new one when it is needed.
    this.#pool.on('error', (error: Error & { client?: unknown }) => {
      // The whole client, which is much for a line of a log.
      delete error.client
      onError(error)
    })
    // A connection that is lent out has no listener of the pool's; the query that was to use it fails by itself.
    this.#pool.on('connect', (client) => void client.on('error', () => {}))
  }

  /** Lends a connection until it is released, or breaks. */
  async connect(): Promise<Connection> {
    try {
      return new Connection(await this.#pool.connect())
    } catch (error) {
      throw unavailable(error) ?? error
    }
  }

  async query(config: QueryConfig, values?: unknown[]): Promise<QueryResult> {
    const connection = await this.connect()
    try {
      return await connection.query(config, values)
    } finally {
      connection.release()
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#pool.end()
  }
}

/** A connection on loan. After it broke, every query fails with what broke it. */
export class Connection {
  readonly #client: PoolClient
  #over: Error | undefined

  constructor(client: PoolClient) {
    this.#client = client
  }

  async query(config: QueryConfig, values?: unknown[]): Promise<QueryResult> {
    if (this.#over) throw this.#over
    try {
      return await this.#client.query(config, values)
    } catch (error) {
      const fault = unavailable(error) ?? (error as Error)
      if (isBroken(error) && !this.#over) {
        this.#over = fault
        this.#client.release(fault)
      }
      throw fault
    }
  }

  /** Gives it back; again is harmless. */
  release(): void {
    if (this.#over) return
    this.#over = new Error('the connection was given back already')
    this.#client.release()
  }
}
