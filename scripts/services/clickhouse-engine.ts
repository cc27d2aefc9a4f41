import { Semaphore } from '../../packages/server/src/lib/semaphore.ts'
import {
  byComment,
  type Chdb,
  type ChdbChunk,
  type ChdbSession,
  isAboutQueries,
  loadChdb,
} from '../../packages/server/src/storage/testing/chdb.ts'
import { ClickHouseError, type ClickHouseRequest, isInsert } from './clickhouse-request.ts'

export interface Answer {
  readonly format: string
  readonly writtenRows: number
  readonly readRows: number
  /** Must be read to its end or left: the engine's place is held until then. */
  readonly chunks: AsyncIterable<Uint8Array>
}

interface KeptSession {
  readonly session: ChdbSession
  busy: boolean
  usedMs: number
}

/** Queries run on libuv's four threads; more would only wait there. */
const RUNNING_MAX = 4
const WAITING_MAX = 500
const KEPT_SESSIONS_MAX = 100
const KEPT_SESSION_MS = 60_000
/** Formats that are whole in every chunk of a stream; others have a head, a foot or commas between. */
const STREAMED = new Set(['JSONEachRow', 'JSONCompactEachRow', 'TabSeparated', 'TSV', 'CSV', 'RowBinary'])

/**
 * One data directory, open in this process. Each request has a connection of its own, made in under a millisecond, so
 * that its database, settings and parameters end with it.
 */
export class ClickHouseEngine implements AsyncDisposable {
  readonly #dir: string
  readonly #chdb: Chdb
  /** Keeps the directory open between requests. */
  readonly #root: ChdbSession
  readonly #places = new Semaphore(RUNNING_MAX)
  readonly #kept = new Map<string, KeptSession>()
  /** By the ids that clients gave them: each resolves when the statement has ended. */
  readonly #running = new Map<string, Promise<void>>()
  readonly #end = new AbortController()
  #admitted = 0
  #version = ''

  constructor(dir: string) {
    this.#chdb = loadChdb()
    this.#dir = dir
    this.#root = new this.#chdb.Session(dir)
  }

  async version(): Promise<string> {
    this.#version ||= (await this.#root.queryAsync('SELECT version()', { format: 'TSV' })).text().trim()
    return this.#version
  }

  /** Throws `ClickHouseError`, also while the chunks are read. */
  async run(request: ClickHouseRequest): Promise<Answer> {
    if (isAboutQueries(request.query)) return this.#aboutQueries(request)
    if (this.#admitted >= WAITING_MAX)
      throw new ClickHouseError(202, 'Too many simultaneous queries. (TOO_MANY_SIMULTANEOUS_QUERIES)')
    this.#admitted++
    const undo: (() => void)[] = [() => this.#admitted--]
    const leave = (): void => {
      for (const step of undo.splice(0).toReversed()) step()
    }
    if (request.queryId !== undefined) undo.push(this.#run(request.queryId))
    try {
      undo.push(await this.#places.acquire(this.#end.signal))
      const { session, release } = this.#connect(request.sessionId)
      undo.push(release)
      return await this.#answer(session, request, leave)
    } catch (error) {
      leave()
      throw toClickHouseError(error)
    }
  }

  #run(queryId: string): () => void {
    let end = () => {}
    this.#running.set(queryId, new Promise((resolve) => (end = resolve)))
    return () => {
      this.#running.delete(queryId)
      end()
    }
  }

  /** Waits neither for a place nor for a thread: who ends a query would else wait for that query. */
  async #aboutQueries(request: ClickHouseRequest): Promise<Answer> {
    const session = new this.#chdb.Session(this.#dir)
    try {
      for (const statement of preparations(request)) session.query(statement)
      const format = formatOf(request.query) ?? request.defaultFormat ?? 'TabSeparated'
      const text = session.query(byComment(request.query), format)
      const killed = /^\s*KILL QUERY WHERE query_id = '([^']*)' SYNC\s*$/.exec(request.query)?.[1]
      if (killed !== undefined) await this.#running.get(killed)
      return { format, writtenRows: 0, readRows: 0, chunks: whole(Buffer.from(text), () => {}) }
    } catch (error) {
      throw toClickHouseError(error)
    } finally {
      session.close()
    }
  }

  async #answer(session: ChdbSession, request: ClickHouseRequest, leave: () => void): Promise<Answer> {
    const { query, data } = request
    refuseSeveralStatements(query)
    for (const statement of preparations(request)) await session.queryAsync(statement)
    const format = formatOf(query) ?? request.defaultFormat ?? 'TabSeparated'
    if (data !== undefined) {
      const { rowsWritten } =
        data.length === 0
          ? { rowsWritten: 0 }
          : await this.#chdb.native.InsertRawAsyncConnection(session.connection, query, data, false)
      return { format, writtenRows: rowsWritten, readRows: 0, chunks: whole(new Uint8Array(), leave) }
    }
    if (STREAMED.has(format) && !request.waitEndOfQuery && /^\s*\(*\s*(?:SELECT|WITH)\b/i.test(query)) {
      const chunks = session.queryStream(query, { format })[Symbol.asyncIterator]()
      // Most failures come before the first chunk, early enough for a status of their own.
      const first = await chunks.next()
      return { format, writtenRows: 0, readRows: 0, chunks: streamed(first, chunks, leave) }
    }
    const result = await session.queryAsync(query, { format })
    return { format, writtenRows: 0, readRows: result.rowsRead, chunks: whole(result.bytes(), leave) }
  }

  #connect(sessionId: string | undefined): { session: ChdbSession; release: () => void } {
    if (sessionId === undefined) {
      const session = new this.#chdb.Session(this.#dir)
      return { session, release: () => session.close() }
    }
    this.#dropIdle()
    let kept = this.#kept.get(sessionId)
    if (kept?.busy)
      throw new ClickHouseError(373, `Session ${sessionId} is locked by a concurrent client. (SESSION_IS_LOCKED)`)
    if (!kept) {
      if (this.#kept.size >= KEPT_SESSIONS_MAX) throw new ClickHouseError(202, 'Too many sessions. (TOO_MANY_SESSIONS)')
      kept = { session: new this.#chdb.Session(this.#dir), busy: false, usedMs: 0 }
      this.#kept.set(sessionId, kept)
    }
    const held = kept
    held.busy = true
    return {
      session: held.session,
      release: () => {
        held.busy = false
        held.usedMs = performance.now()
      },
    }
  }

  #dropIdle(): void {
    for (const [id, { session, busy, usedMs }] of this.#kept) {
      if (busy || performance.now() - usedMs < KEPT_SESSION_MS) continue
      session.close()
      this.#kept.delete(id)
    }
  }

  /** To be called when nothing runs any more; who still waits is refused. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort(new ClickHouseError(236, 'The server is shutting down. (ABORTED)'))
    for (const { session } of this.#kept.values()) session.close()
    this.#root.close()
  }
}

/** What makes the connection the request's own before its statement runs; `readonly` comes last, it forbids the rest. */
function* preparations({ database, settings, params, queryId }: ClickHouseRequest): Generator<string> {
  if (database !== undefined) yield `USE \`${database.replaceAll(/[\\`]/g, String.raw`\$&`)}\``
  const names = [...settings.keys()].toSorted((a, b) => Number(a === 'readonly') - Number(b === 'readonly'))
  const all = [
    ...[...params].map(([name, value]) => [`param_${name}`, value] as const),
    ...(queryId === undefined ? [] : [['log_comment', queryId] as const]),
    ...names.map((name) => [name, settings.get(name)!] as const),
  ]
  for (const [name] of all)
    if (!/^[A-Za-z_]\w*$/.test(name)) throw new ClickHouseError(115, `Unknown setting '${name}'. (UNKNOWN_SETTING)`)
  // A server takes values apart from statements; here they are one, which is bounded.
  if (all.length > 0) yield 'SET max_query_size = 1000000000'
  if (all.length > 0) yield `SET ${all.map(([name, value]) => `${name} = ${quote(value)}`).join(', ')}`
}

function quote(text: string): string {
  return `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`
}

/** The engine would run them one after the other; the server refuses them. Rows that stand in the statement may hold `;`. */
function refuseSeveralStatements(query: string): void {
  const bare = query.replaceAll(/'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`|--.*|\/\*[^]*?\*\//g, '')
  if (bare.trim() === '') throw new ClickHouseError(62, 'Syntax error: Empty query. (SYNTAX_ERROR)')
  if (!isInsert(query) && /;\s*[^\s;]/.test(bare))
    throw new ClickHouseError(62, 'Syntax error (Multi-statements are not allowed). (SYNTAX_ERROR)')
}

function formatOf(query: string): string | undefined {
  return /\bFORMAT\s+(\w+)(?:\s+SETTINGS\s[^()]*)?\s*;?\s*$/i.exec(query)?.[1]
}

function toClickHouseError(error: unknown): Error {
  const text = error instanceof Error ? error.message : String(error)
  const found = /Code: (\d+)\. DB::Exception: ([^]*)/.exec(text)
  return found ? new ClickHouseError(Number(found[1]), found[2]!.trim()) : (error as Error)
}

function whole(bytes: Uint8Array, leave: () => void): AsyncIterable<Uint8Array> {
  leave()
  return (async function* () {
    if (bytes.length > 0) yield bytes
  })()
}

/** No generator: one that was never begun would not notice that its reader has left. */
function streamed(
  first: IteratorResult<ChdbChunk>,
  rest: AsyncIterator<ChdbChunk>,
  leave: () => void,
): AsyncIterable<Uint8Array> {
  let ahead: IteratorResult<ChdbChunk> | undefined = first
  const end = async (): Promise<IteratorResult<Uint8Array>> => {
    await rest.return?.()
    leave()
    return { done: true, value: undefined }
  }
  const next = async (): Promise<IteratorResult<Uint8Array>> => {
    try {
      const step = ahead ?? (await rest.next())
      ahead = undefined
      return step.done ? await end() : { done: false, value: step.value.raw() }
    } catch (error) {
      leave()
      throw toClickHouseError(error)
    }
  }
  return { [Symbol.asyncIterator]: () => ({ next, return: end }) }
}
