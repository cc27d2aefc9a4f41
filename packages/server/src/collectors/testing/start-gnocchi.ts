import { execFile, execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from '../../lib/testing/free-port.ts'
import { mapBounded } from '../../lib/map-bounded.ts'

const SCRIPT = fileURLToPath(new URL('../../../../../scripts/services/gnocchi.sh', import.meta.url))
const START_MS = 300_000
const PROCESS_MS = 300_000
/** Metrics in one request that brings measures. */
const METRICS_PER_REQUEST = 100

/** A resource to put into Gnocchi. */
export interface CloudResource {
  readonly type: string
  /** A UUID. */
  readonly id: string
  readonly scope: string | null
  readonly userId?: string
  /** Unix seconds, as everywhere here. */
  readonly startedAt: number
  readonly endedAt?: number
  readonly attributes: Readonly<Record<string, string | number | boolean | null>>
  /** What changed later, in the order of time. Gnocchi will say that it was told at these instants. */
  readonly revisions?: readonly { readonly at: number; readonly attributes: CloudResource['attributes'] }[]
  readonly metrics: Readonly<Record<string, readonly (readonly [instant: number, value: number])[]>>
}

/** What resource types have beside Gnocchi's own attributes. */
export type CloudTypes = Readonly<Record<string, Readonly<Record<string, 'string' | 'number' | 'bool'>>>>

export interface TestGnocchi extends AsyncDisposable {
  /** Without `/v1`. */
  readonly url: string
  /** Puts resources with all their measures in, and waits until Gnocchi has worked through them. */
  fill(types: CloudTypes, resources: readonly CloudResource[]): Promise<void>
}

/** The granularities at which Gnocchi keeps every metric of a test, seconds. */
const GRANULARITIES = [300, 3600] as const

/**
 * Undefined where the real Gnocchi can run; else why the tests that need it are skipped. With REQUIRE_SERVICES=1 they are
 * never skipped, and fail instead.
 */
export function whyNoGnocchi(): string | undefined {
  if (process.env['REQUIRE_SERVICES'] === '1') return undefined
  const there = ['/usr/bin/gnocchi-api', '/usr/bin/gnocchi-metricd', '/usr/sbin/mariadbd'].every((path) =>
    existsSync(path),
  )
  return there ? undefined : 'no Gnocchi on this machine: scripts/services/gnocchi.sh install, or REQUIRE_SERVICES=1'
}

/** A real Gnocchi on loopback, in a folder of its own. `admin` with basic authentication, unless a token is given. */
export async function startGnocchi({
  maxLimit,
  keystone,
}: {
  /** Rows of one page. */
  maxLimit?: number
  /** Its URL with `/v3`, and a token of an administrator. */
  keystone?: { url: string; token: string }
} = {}): Promise<TestGnocchi> {
  const folder = await mkdtemp(join(tmpdir(), 'cloudtabby-gnocchi-'))
  const port = await freePort()
  const dispose = async (): Promise<void> => {
    await gnocchiSh('stop', folder)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const limit = maxLimit === undefined ? [] : ['--max-limit', String(maxLimit)]
    const identity = keystone ? ['--keystone', keystone.url] : []
    await gnocchiSh('start', folder, '--port', `${port}`, '--while-pid', `${process.pid}`, ...limit, ...identity)
  } catch (error) {
    await dispose()
    throw error
  }
  const url = `http://127.0.0.1:${port}`
  const headers = keystone
    ? { 'x-auth-token': keystone.token }
    : { authorization: `Basic ${Buffer.from('admin:').toString('base64')}` }
  const admin = new Admin(`${url}/v1`, headers, folder)
  return { url, fill: (types, resources) => admin.fill(types, resources), [Symbol.asyncDispose]: dispose }
}

class Admin {
  readonly #base: string
  readonly #headers: Record<string, string>
  readonly #folder: string

  constructor(base: string, headers: Record<string, string>, folder: string) {
    this.#base = base
    this.#headers = headers
    this.#folder = folder
  }

  async fill(types: CloudTypes, resources: readonly CloudResource[]): Promise<void> {
    await this.#send('POST', '/archive_policy', {
      name: 'test',
      back_window: 0,
      aggregation_methods: [
        'mean',
        'max',
        'min',
        'sum',
        'count',
        'last',
        'first',
        'rate:mean',
        'rate:sum',
        'rate:last',
      ],
      definition: GRANULARITIES.map((granularity) => ({ granularity, timespan: '62 days' })),
    })
    for (const [name, attributes] of Object.entries(types)) {
      const schema = Object.entries(attributes).map(([attribute, type]) => [
        attribute,
        { type, required: false, ...(type === 'string' && { min_length: 0, max_length: 255 }) },
      ])
      await this.#send('POST', '/resource_type', { name, attributes: Object.fromEntries(schema) })
    }
    await mapBounded(resources, 4, (resource) => this.#create(resource))
    this.#sql(resources.map(toHistorySql).join(''))
    const measures = resources.flatMap((resource) =>
      Object.entries(resource.metrics).map(([name, samples]) => ({ id: resource.id, name, samples })),
    )
    for (let i = 0; i < measures.length; i += METRICS_PER_REQUEST) {
      const batch: Record<string, Record<string, unknown>> = {}
      for (const { id, name, samples } of measures.slice(i, i + METRICS_PER_REQUEST)) {
        const list = samples.map(([at, value]) => ({ timestamp: toIso(at), value }))
        batch[id] = { ...batch[id], [name]: { archive_policy_name: 'test', measures: list } }
      }
      await this.#send('POST', '/batch/resources/metrics/measures?create_metrics=true', batch)
    }
    await this.#processed()
  }

  async #create({ type, id, scope, userId, startedAt, endedAt, attributes, revisions = [] }: CloudResource) {
    // Gnocchi refuses null, which is what an attribute is that nobody named.
    const given = Object.entries(attributes).filter(([, value]) => value !== null)
    await this.#send('POST', `/resource/${type}`, {
      ...Object.fromEntries(given),
      id,
      project_id: scope,
      user_id: userId ?? null,
      started_at: toIso(startedAt),
      ...(endedAt !== undefined && { ended_at: toIso(endedAt) }),
    })
    for (const revision of revisions) await this.#send('PATCH', `/resource/${type}/${id}`, revision.attributes)
  }

  /** Whatever was sent is in the answers only when metricd has worked through it. */
  async #processed(): Promise<void> {
    for (const deadline = Date.now() + PROCESS_MS; Date.now() < deadline; await sleep(200)) {
      const status = (await this.#send('GET', '/status')) as { storage: { summary: Record<string, number> } }
      if (status.storage.summary['metrics'] === 0 && status.storage.summary['measures'] === 0) return
    }
    throw new Error(`Gnocchi has not worked through its measures after ${PROCESS_MS / 1000} s`)
  }

  async #send(method: string, path: string, body?: unknown): Promise<unknown> {
    const reply = await fetch(this.#base + path, {
      method,
      // A connection that is used again may just be closed by the other side.
      headers: {
        accept: 'application/json',
        'content-type': 'application/json',
        connection: 'close',
        ...this.#headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(60_000),
    })
    const text = await reply.text()
    if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }

  #sql(statements: string): void {
    execFileSync(SCRIPT, ['sql', '--dir', this.#folder], { input: statements })
  }
}

/**
 * Gnocchi dates a revision with its own clock: a test that wants one in the past must write so into the index. A resource
 * without changes is known from its start on.
 */
function toHistorySql({ id, startedAt, revisions = [] }: CloudResource): string {
  const row = `UNHEX('${id.replaceAll('-', '')}')`
  const instants = [startedAt, ...revisions.map(({ at }) => at)]
  const past = revisions.map((_revision, i) => {
    const set = `revision_start = ${toSql(instants[i]!)}, revision_end = ${toSql(instants[i + 1]!)}`
    const nth = `SELECT revision FROM (SELECT * FROM resource_history) AS h WHERE id = ${row} ORDER BY revision LIMIT ${i}, 1`
    return `UPDATE resource_history SET ${set} WHERE revision = (${nth});\n`
  })
  return `${past.join('')}UPDATE resource SET revision_start = ${toSql(instants.at(-1)!)} WHERE id = ${row};\n`
}

function toSql(instant: number): string {
  return `'${new Date(instant * 1000).toISOString().slice(0, 23).replace('T', ' ')}'`
}

function toIso(instant: number): string {
  return new Date(instant * 1000).toISOString()
}

async function gnocchiSh(command: string, folder: string, ...args: string[]): Promise<void> {
  await promisify(execFile)(SCRIPT, [command, '--dir', folder, ...args], { timeout: START_MS })
}
