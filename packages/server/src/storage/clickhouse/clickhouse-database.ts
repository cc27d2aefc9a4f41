import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  ClickHouseLogLevel,
  type ClickHouseClient,
  type ClickHouseClientConfigOptions,
  type ClickHouseSettings,
  createClient,
  type Row,
} from '@clickhouse/client'
import { chunksOf } from '../../lib/chunks.ts'
import { Fault, type FaultCode, FAULTS } from '../../lib/fault.ts'
import { isBound, isPassing, retrying, serverCode, WAITS_MS } from './retrying.ts'
import type { Statement } from './statement.ts'
import { quoteText } from './tables.ts'

export interface ClickHouseOptions {
  /** `http://host:8123`; a user and password in it win over those below. */
  readonly url: string
  readonly database: string
  readonly username: string
  readonly password: string
  readonly cluster?: string | undefined
  /** Of questions; they have none if absent. */
  readonly bounds?: Bounds
  /** Waits before a request is sent again, one for each time that it may be; `WAITS_MS` if absent. */
  readonly waitsMs?: readonly number[]
  /** For tests: an engine in this process instead of the one at `url`. */
  readonly connection?: NonNullable<ClickHouseClientConfigOptions['connection']>
}

/** A server that reads says so by headers, time and again; one that is silent for longer is gone, or the way to it is. */
const PROGRESS_MS = 3000
const SILENT_MS_MAX = 15_000
/** Changes of tables and deletions say nothing until they are done. */
const CHANGE_MS_MAX = 150_000
/** Who wants one more waits. */
const CONNECTIONS_MAX = 32
/** An insertion takes a fraction of a second; one that takes so long is sent again. */
const INSERT_MS_MAX = 30_000
/** Lists of a stream have so many rows at most, however many came at a time. */
const STREAM_ROWS_MAX = 4000
/** For so long may the reader of a stream look elsewhere. */
const STREAM_PAUSE_SECONDS_MAX = 3600

/** Said with every request, since users and servers may have other defaults. */
const SETTINGS: ClickHouseSettings = {
  output_format_json_quote_64bit_integers: 1,
  output_format_json_quote_decimals: 1,
  join_use_nulls: 0,
  send_progress_in_http_headers: 0,
}

/** As well, where there is a cluster. */
const CLUSTER: ClickHouseSettings = {
  // What a subquery reads lies on the same shard as what it is asked for.
  distributed_product_mode: 'local',
  // Between its servers the lists among the parameters are part of the statement.
  max_query_size: '100000000',
  // All processes read where they have written, as long as that replica is there.
  load_balancing: 'in_order',
  prefer_localhost_replica: 0,
  // Written is what is on the shards, there on most of the replicas.
  insert_distributed_sync: 1,
  insert_quorum: 'auto',
  // A replica that is down does not hold the others up; it does what it missed when it comes back.
  distributed_ddl_output_mode: 'null_status_on_timeout_only_active' as 'null_status_on_timeout',
  distributed_ddl_task_timeout: '120',
}

const READING: ClickHouseSettings = {
  // Nobody waits for the answer to a connection that was cut. It goes by the word that nothing is changed: all is sent by POST.
  cancel_http_readonly_queries_on_client_close: 1,
  readonly: '2',
  // Only here: an answer whose headers were sent early says 200 whatever comes, and only rows tell that they are not all.
  send_progress_in_http_headers: 1,
  http_headers_progress_interval_ms: String(PROGRESS_MS),
}

const WRITING: ClickHouseSettings = {
  async_insert: 0,
  // An insertion is one block, which is remembered by its token; it may be of many months.
  insert_deduplicate: 1,
  input_format_parallel_parsing: 0,
  max_partitions_per_insert_block: '0',
}

/** What a question may take of each server. */
export interface Bounds {
  readonly seconds: number
  /** Of which half may be groups or sorted rows; more of those is spilled to disk. */
  readonly memoryBytes: number
}

function bounded({ seconds, memoryBytes }: Bounds): ClickHouseSettings {
  const spilled = String(Math.floor(memoryBytes / 2))
  return {
    max_execution_time: seconds,
    timeout_overflow_mode: 'throw',
    max_memory_usage: String(memoryBytes),
    max_bytes_before_external_group_by: spilled,
    max_bytes_before_external_sort: spilled,
  }
}

/** Questions are bounded; what is read to rate, to write or to export goes on until it is done. */
type Kind = 'question' | 'reading'

/** A query that is to end looks up every so many rows; one that does not look up within that time is left to its bounds. */
const KILL_MS_MAX = 5000

/** Done is what is done on all replicas. */
const CHANGING: ClickHouseSettings = { mutations_sync: '2', lightweight_deletes_sync: '2' }

/** Lines of `TabSeparated`, and what they are known by: again under the same token they are not inserted again. */
export interface Insertion {
  readonly table: string
  readonly columns: readonly string[]
  readonly lines: string
  readonly token: string
}

/** Requests to one server, retried where the fault may pass, with faults that say what to do. */
export class ClickHouseDatabase implements AsyncDisposable {
  readonly #client: ClickHouseClient
  /** Waits for long. Streams have connections of their own: who reads one asks other questions in the middle of it. */
  readonly #patient: ClickHouseClient
  readonly #address: string
  readonly #bounds: ClickHouseSettings
  readonly #waitsMs: readonly number[]

  constructor(options: ClickHouseOptions) {
    const { connection } = options
    const { url, username, password } = parseUrl(options)
    this.#address = url.origin
    this.#bounds = options.bounds ? bounded(options.bounds) : {}
    this.#waitsMs = options.waitsMs ?? WAITS_MS
    const config: ClickHouseClientConfigOptions = {
      url,
      username,
      password,
      application: 'cloudtabby',
      request_timeout: SILENT_MS_MAX,
      max_response_headers_size: 1_000_000,
      max_open_connections: CONNECTIONS_MAX,
      clickhouse_settings: options.cluster === undefined ? SETTINGS : { ...SETTINGS, ...CLUSTER },
      // Lists that are too long for a URL go in the body.
      use_multipart_params_auto: true,
      log: { level: ClickHouseLogLevel.OFF },
      ...(connection && { connection }),
    }
    this.#client = createClient(config)
    this.#patient = createClient({ ...config, request_timeout: STREAM_PAUSE_SECONDS_MAX * 1000 })
  }

  /**
   * Rows as lists of columns; 64-bit integers and decimals are texts. When the signal has fired, this throws its reason as soon as
   * the engine has ended the work.
   */
  async select(statement: Statement, signal?: AbortSignal, kind: Kind = 'reading'): Promise<unknown[][]> {
    const settings = this.#settings(kind)
    return this.#guard('storage.unavailable', signal, () =>
      this.#retrying(
        () =>
          this.#killedOn(signal, async (query_id) => {
            const query = { ...this.#query(statement, signal), query_id, clickhouse_settings: settings }
            const result = await this.#client.query(query)
            using _ = closedOn(signal, result)
            return await result.json<unknown[]>()
          }),
        signal,
      ),
    )
  }

  /**
   * As `select`, in lists of a few thousand rows as they come in. One statement sees one state of the store. Who leaves in the
   * middle cuts the connection, by which the engine notices.
   */
  async *stream(
    statement: Statement,
    signal?: AbortSignal,
    kind: Kind = 'reading',
  ): AsyncGenerator<unknown[][], void, undefined> {
    const settings = { ...this.#settings(kind), http_send_timeout: STREAM_PAUSE_SECONDS_MAX }
    const query = { ...this.#query(statement, signal), clickhouse_settings: settings }
    let id: string | undefined
    const result = await this.#guard('storage.unavailable', signal, () =>
      this.#retrying(
        () =>
          this.#killedOn(signal, (query_id) => {
            id = query_id
            return this.#patient.query({ ...query, query_id })
          }),
        signal,
      ),
    )
    let isOver = false
    using _ = closedOn(signal, result)
    try {
      const batches = result.stream<unknown[]>()[Symbol.asyncIterator]()
      for (;;) {
        const next = await this.#guard('storage.unavailable', signal, () => batches.next())
        signal?.throwIfAborted()
        if (next.done) {
          isOver = true
          return
        }
        const rows = next.value as Row<unknown[], 'JSONCompactEachRow'>[]
        for (const some of chunksOf(rows, STREAM_ROWS_MAX)) yield some.map((row) => row.json())
      }
    } finally {
      result.close()
      if (!isOver) await this.#kill(id!)
    }
  }

  /** Again under the same token is harmless. */
  async insert({ table, columns, lines, token }: Insertion, signal?: AbortSignal): Promise<void> {
    await this.#guard('storage.write_failed', signal, () =>
      this.#retrying(async () => {
        const result = await this.#client.insert({
          table,
          columns: columns as [string, ...string[]],
          format: 'TabSeparated',
          values: Readable.from([Buffer.from(lines)], { objectMode: false }),
          clickhouse_settings: { ...WRITING, insert_deduplication_token: token },
          abort_signal: within(INSERT_MS_MAX, signal),
        })
        requireDone(result.response_headers)
      }, signal),
    )
  }

  /** Done everywhere when it returns. The statement must be one that again is harmless. */
  async command({ sql, params }: Statement, signal?: AbortSignal): Promise<void> {
    await this.#guard('storage.write_failed', signal, () =>
      this.#retrying(async () => {
        const result = await this.#patient.command({
          query: sql,
          query_params: { ...params },
          clickhouse_settings: CHANGING,
          abort_signal: within(CHANGE_MS_MAX, signal),
        })
        requireDone(result.response_headers)
      }, signal),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#client.close(), this.#patient.close()])
  }

  /** The work of one statement, which has the id that it is given. */
  async #killedOn<T>(signal: AbortSignal | undefined, work: (queryId: string) => Promise<T>): Promise<T> {
    const id = randomUUID()
    try {
      return await work(id)
    } catch (error) {
      if (signal?.aborted) await this.#kill(id)
      throw error
    }
  }

  /**
   * Returns when the statement does not run any more, or is left to its bounds: since it cannot be reached, or because the
   * address is of several servers and another one was asked, which then has noticed that the connection is cut.
   */
  async #kill(id: string): Promise<void> {
    const query = `KILL QUERY WHERE query_id = ${quoteText(id)} SYNC`
    await this.#client.command({ query, abort_signal: AbortSignal.timeout(KILL_MS_MAX) }).catch(() => {})
  }

  #settings(kind: Kind): ClickHouseSettings {
    return kind === 'question' ? { ...READING, ...this.#bounds } : READING
  }

  #query({ sql, params }: Statement, signal: AbortSignal | undefined) {
    return {
      query: sql,
      query_params: { ...params },
      format: 'JSONCompactEachRow' as const,
      ...(signal && { abort_signal: signal }),
    }
  }

  #retrying<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return retrying(work, this.#waitsMs, signal)
  }

  async #guard<T>(code: FaultCode, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      signal?.throwIfAborted()
      throw error instanceof Fault || error instanceof TypeError ? error : this.#toFault(code, error)
    }
  }

  #toFault(code: FaultCode, error: unknown): Fault {
    const server = this.#address
    const said = error instanceof Error ? error.message.split('\n', 1)[0]!.slice(0, 500) : String(error)
    const fault = (which: FaultCode, message: string) =>
      new Fault(which, message, { server }, { cause: error, ...toldTo(code, error) })
    const number = serverCode(error)
    if (number === undefined) {
      return fault(
        'storage.unavailable',
        `cannot reach ClickHouse at ${server}: ${said}; start it, or mend [storage_clickhouse] url`,
      )
    }
    if (REFUSED.has(number)) {
      return fault(
        'storage.unavailable',
        `ClickHouse at ${server} refuses the user: ${said}; mend [storage_clickhouse] username, password and their rights`,
      )
    }
    if (isTooMuch(code, error)) return fault(code, `ClickHouse at ${server} ended a question at its bounds: ${said}`)
    const which = isPassing(error) ? 'storage.unavailable' : code
    return fault(which, `ClickHouse at ${server} says: ${said} (error ${number})`)
  }
}

/** Callers who push hear of a write what they would hear of any store, whoever failed. */
function toldTo(code: FaultCode, error: unknown): { retryAfterSeconds: number; publicText?: string } {
  const retryAfterSeconds = RETRY_AFTER_SECONDS
  if (isTooMuch(code, error)) return { retryAfterSeconds, publicText: TOO_MUCH }
  const { publicText } = FAULTS[code]
  return publicText === null ? { retryAfterSeconds } : { retryAfterSeconds, publicText }
}

function isTooMuch(code: FaultCode, error: unknown): boolean {
  return code === 'storage.unavailable' && isBound(error)
}

const RETRY_AFTER_SECONDS = 5
const TOO_MUCH = 'This question takes more time or memory than one may. Ask for less, or again later.'

/** AUTHENTICATION_FAILED, ACCESS_DENIED, UNKNOWN_USER, WRONG_PASSWORD, REQUIRED_PASSWORD, READONLY. */
const REFUSED = new Set([516, 497, 192, 193, 194, 164])

function parseUrl(options: ClickHouseOptions): { url: URL; username: string; password: string } {
  if (!URL.canParse(options.url) || !/^https?:/.test(options.url)) {
    throw new Fault('config.invalid', '[storage_clickhouse] url is not an address like http://host:8123')
  }
  const url = new URL(options.url)
  const username = decodeURIComponent(url.username) || options.username
  const password = decodeURIComponent(url.password) || options.password
  url.username = ''
  url.password = ''
  return { url, username, password }
}

/** An error that came after the status was sent stands in the headers, which the client does not look at. */
function requireDone(headers: Readonly<Record<string, unknown>>): void {
  const code = headers['x-clickhouse-exception-code']
  if (typeof code === 'string') throw Object.assign(new Error('it failed after all'), { code })
}

function within(msMax: number, signal: AbortSignal | undefined): AbortSignal {
  const timeout = AbortSignal.timeout(msMax)
  return signal ? AbortSignal.any([signal, timeout]) : timeout
}

/** The client itself heeds a signal only until an answer begins. */
function closedOn(signal: AbortSignal | undefined, result: { close(): void }): Disposable {
  const close = () => result.close()
  signal?.addEventListener('abort', close)
  return { [Symbol.dispose]: () => signal?.removeEventListener('abort', close) }
}
