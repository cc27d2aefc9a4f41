import { isIP } from 'node:net'
import { z } from 'zod'
import { authtokenOptions } from '../auth/keystone/authtoken-options.ts'
import { policyOptions } from '../auth/policy/policy-options.ts'
import { parseIsoInstant } from '../domain/iso-time.ts'
import type { Begin } from '../domain/first-period.ts'
import { TEXT_BYTES_MAX } from '../domain/long-text.ts'
import { parseSkipExpression, type SkipExpression } from '../domain/skip-expression.ts'
import { TimeZone } from '../domain/time-zone.ts'
import { CORS_OFF } from '../http/cors.ts'
import { nearest } from '../lib/nearest.ts'
import { option } from '../lib/option.ts'
import { stateAddress } from './state-address.ts'

const begin = z.string().transform((text, ctx): Begin => {
  const word = text.trim()
  if (word === 'month-start' || word === 'first-sample') return word
  const instant = parseIsoInstant(word, 'plain')
  if (instant !== undefined) return instant
  ctx.addIssue({ code: 'custom', message: `expected month-start, first-sample or an ISO date, got '${text}'` })
  return z.NEVER
})

const timezone = z.string().transform((text, ctx): TimeZone => {
  const name = text.trim()
  const zone = TimeZone.named(name)
  if (zone) return zone
  const meant = nearest(name, Intl.supportedValuesOf('timeZone'))
  const advice = meant === undefined ? 'such as Europe/Berlin' : `did you mean ${meant}?`
  ctx.addIssue({ code: 'custom', message: `expected a time zone of the IANA database, got '${text}'; ${advice}` })
  return z.NEVER
})

const skipExpression = z.string().transform((text, ctx): SkipExpression => {
  const parsed = parseSkipExpression(text)
  if (parsed.ok) return parsed.expression
  ctx.addIssue({ code: 'custom', message: `at character ${parsed.position + 1}: ${parsed.reason}` })
  return z.NEVER
})

/** A name, or an address that is one: `127.999.1.1` is neither. */
const listenAddress = z.string().superRefine((text, ctx) => {
  const host = text.trim().replace(/^\[(.*)\]$/, '$1')
  const looksLikeAddress = /^[\d.]+$/.test(host) || host.includes(':')
  if (host !== '' && !/\s/.test(host) && (!looksLikeAddress || isIP(host) !== 0)) return
  ctx.addIssue({ code: 'custom', message: `expected an address like 127.0.0.1 or ::1, or a name, got '${text}'` })
})

/**
 * Every section that this program itself reads, with CloudKitty's names and defaults where CloudKitty has them. Those of
 * collectors, fetchers, rating modules, receivers and points stores belong to these plugins.
 */
export const SECTIONS = {
  DEFAULT: z.object({
    host: option.text().optional().describe("Name of this node in leases and logs; the host's name if absent"),
    auth_strategy: option
      .oneOf(['noauth', 'keystone'])
      .default('keystone')
      .describe('Who may use the API: everybody as admin (`noauth`), or who has a token of Keystone'),
    debug: option.boolean().default(false).describe('Log what is of use to developers only'),
    log_file: option.text().optional().describe('File to log to; the standard error output if absent'),
    log_dir: option.text().optional().describe('Folder that a relative `log_file` is in'),
  }),
  api: z.object({
    host: listenAddress.default('127.0.0.1').describe('Address to listen on; CloudKitty’s `host_ip` is taken too'),
    port: option.port().default(8889).describe('Port to listen on'),
    allow_noauth: option
      .boolean()
      .default(false)
      .describe('Allow `auth_strategy = noauth` on an address that other hosts can reach'),
    max_header_bytes: option
      .integer({ min: 8192, max: 1_048_576 })
      .default(65_536)
      .describe('Longest request line and headers together; more is answered with 431'),
    max_body_bytes: option
      .integer({ min: 1024, max: 268_435_456 })
      .default(1_048_576)
      .describe('Longest body of a request but for pushed usage; more is answered with 413'),
    max_push_bytes: option
      .integer({ min: 1024 })
      .default(2_147_483_648)
      .describe('Longest body of `POST /v2/dataframes`, which is read as it comes in'),
    header_timeout: option
      .integer({ min: 1, max: 600 })
      .default(30)
      .describe('Seconds that a client may take to send its headers; then it is cut off'),
    body_timeout: option
      .integer({ min: 1, max: 600 })
      .default(30)
      .describe(
        'Seconds that a client may be silent in the middle of a body; then it is answered with 408 and cut off',
      ),
    // What a snapshot shows is kept for 120 seconds.
    answer_timeout: option
      .integer({ min: 1, max: 120 })
      .default(120)
      .describe(
        'Seconds until an answer must be there and taken; then it is 503, or cut off where it had begun, and what was asked of the points store ends',
      ),
    output_timeout: option
      .integer({ min: 1, max: 120 })
      .default(30)
      .describe('Seconds that a client may take nothing of an answer that is there; then it is cut off'),
    max_rows: option
      .integer({ min: 1000 })
      .default(1_000_000)
      .describe('Rows, points or entries of a list that one answer may have; a question for more is answered with 400'),
    max_waiting_questions: option
      .integer({ min: 1 })
      .default(32)
      .describe(
        'Questions for reports that one client (a project, an administrator; an address under `noauth`) may have waiting while the points store answers one of its; one more is answered with 429',
      ),
    max_waiting_of_all: option
      .integer({ min: 1 })
      .default(1000)
      .describe('Questions for reports that all clients together may have waiting; one more is answered with 503'),
    max_connections: option
      .integer({ min: 10 })
      .default(2000)
      .describe(
        'Connections that may be open at a time, idle ones too; one more is cut before it is read. Keep it below the files that the process may open (`ulimit -n`)',
      ),
    push_timeout: option
      .integer({ min: 1, max: 86_400 })
      .default(900)
      .describe('Seconds that `POST /v2/dataframes` may take, its body included'),
    rate_limit_per_second: option
      .float({ min: 0 })
      .default(0)
      .describe(
        'Requests a second that a client (a user in a project; an address under `noauth`) may send in the long run; more is answered with 429. 0: no limit',
      ),
    rate_limit_burst: option
      .integer({ min: 1 })
      .default(20)
      .describe('Requests that a client may send at once after a pause, where there is a limit'),
    stranger_limit_per_second: option
      .float({ min: 0 })
      .default(10)
      .describe(
        'Requests a second without a valid token, and to paths that need none, that an address may send in the long run; more is answered with 429. Probes (`/healthcheck`, `/metrics`) and tokens that are known to be valid are not counted. 0: no limit',
      ),
    stranger_limit_burst: option
      .integer({ min: 1 })
      .default(100)
      .describe('Such requests that an address may send at once after a pause'),
  }),
  audit: z.object({
    retention_days: option
      .integer({ min: 1, max: 36_500 })
      .optional()
      .describe('Days for which the records of who changed what are kept; for ever if absent'),
  }),
  collect: z.object({
    collector: option
      .text()
      .default('gnocchi')
      .describe('Which collector finds out who used what: a name, or a module specifier of your own'),
    period: option.integer({ min: 1 }).default(3600).describe('Length of a period, seconds'),
    wait_periods: option
      .integer({ min: 0 })
      .default(2)
      .describe('A period is rated once so many periods after its begin are over'),
    metrics_conf: option.text().default('/etc/cloudkitty/metrics.yml').describe('File with the metrics'),
    scope_key: option
      .text()
      .default('project_id')
      .describe('Attribute that says who is billed; every metric is grouped by it'),
    begin: begin
      .default('month-start')
      .describe(
        'First period of a scope that was never rated: the begin of the current month (`month-start`), the first data of the source (`first-sample`), or an ISO date, in UTC unless it has an offset',
      ),
    timezone: timezone
      .prefault('UTC')
      .describe(
        'Whose months, weeks and days reports go by (`groupby=time-d|w|m|y`, the calendar attributes, the range where a request names none), `month-start`, and whose days `[storage] retention_period` keeps: an `Area/City` of the IANA database. Periods and all that is stored stay in UTC',
      ),
  }),
  orchestrator: z.object({
    skip_datapoints_expression: skipExpression
      .prefault('False')
      .describe('Points for which this is true are dropped after rating; a metric may have its own'),
    collector_request_timeout: option
      .integer({ min: 30 })
      .default(300)
      .describe('Seconds that the collection of one metric may take, for all scopes and periods of a batch'),
  }),
  processor: z.object({
    host: option
      .text()
      .default('127.0.0.1')
      .describe('Address on which `serve --role processor` answers `/healthcheck` and `/metrics`'),
    port: option.port().default(8890).describe('Port for that; 0 takes a free one and says which in the log'),
    max_points_per_batch: option
      .integer({ min: 1000 })
      .default(250_000)
      .describe('A batch takes no more scopes and periods than make about so many points'),
    concurrency: option.integer({ min: 1, max: 256 }).default(4).describe('Metrics that are collected at one time'),
    lease_seconds: option
      .integer({ min: 2, max: 3600 })
      .default(60)
      .describe('A processor that is silent for so long loses its scopes to another one'),
    look_seconds: option
      .float({ min: 0.1 })
      .default(5)
      .describe('How often a running service looks for what has become due, or is to be rated again'),
    backoff_seconds_min: option
      .float({ min: 0 })
      .default(10)
      .describe('Wait before a failed scope is tried again; doubled with each failure'),
    backoff_seconds_max: option
      .float({ min: 0 })
      .default(3600)
      .describe('Longest wait before a failed scope is tried again'),
  }),
  fetcher: z.object({
    backend: option
      .text()
      .default('keystone')
      .describe('Which fetcher finds out what scopes there are: a name, or a module specifier of your own'),
  }),
  rating: z.object({
    modules: option
      .list()
      .default([])
      .describe('Rating modules of your own, beside those that are built in: module specifiers'),
  }),
  intake: z.object({
    receivers: option
      .list()
      .default([])
      .describe('What takes in usage that is pushed in other ways than to `POST /v2/dataframes`: module specifiers'),
  }),
  state: z.object({
    url: stateAddress
      .prefault('pglite:./data/state')
      .meta({ address: true })
      .describe(
        'Where scopes, batches and rules are kept: `pglite:FOLDER` (embedded) or `postgresql://…`. `[database] connection` is taken when this is absent and that is PostgreSQL',
      ),
    pool_size: option
      .integer({ min: 2, max: 1000 })
      .default(10)
      .describe('Connections to a PostgreSQL server that one process takes at most'),
    durability: z
      .enum(['full', 'relaxed'])
      .default('full')
      .describe(
        'Of embedded state: `full` puts every commit on disk before it is acknowledged, so that a power failure loses nothing; `relaxed` leaves it to the operating system, which may lose the last half minute then',
      ),
  }),
  database: z.object({
    connection: option
      .secret()
      .optional()
      .describe("CloudKitty's database; taken as `[state] url` when it is PostgreSQL and that is absent, else ignored"),
  }),
  storage: z.object({
    backend: option
      .text()
      .default('duckdb')
      .describe('Where points are kept: `duckdb` (embedded), `clickhouse`, or a module specifier of your own'),
    max_attribute_bytes: option
      .integer({ min: 256, max: 1_048_576 })
      .default(TEXT_BYTES_MAX)
      .describe(
        'Longest text of a series in UTF-8: an attribute, its name, a type or a unit. What is longer is refused: a push with 400, an import with its line; a collection fails for its scope',
      ),
    // CloudKitty says 2400 and never deletes anything; deleting by default would surprise whoever comes from there.
    retention_period: option
      .integer({ min: 1 })
      .optional()
      .describe(
        'Hours for which points are kept, by their begin; for ever if absent. Older ones are deleted, whole days of `[collect] timezone` at a time; pushed samples a day later, and not before they are rated',
      ),
  }),
  keystone_authtoken: authtokenOptions,
  oslo_policy: policyOptions,
  oslo_middleware: z.object({
    enable_proxy_headers_parsing: option
      .boolean()
      .default(false)
      .describe(
        'Believe what a proxy in front says about scheme, host, mount prefix and client (X-Forwarded-*, Forwarded): only where every client comes through it',
      ),
  }),
  cors: z.object({
    allowed_origin: option
      .list()
      .default([])
      .describe('Origins that a browser may call the API from; none: CORS is off'),
    allow_credentials: option.boolean().default(true).describe('Let browsers send credentials'),
    expose_headers: option
      .list()
      .default([...CORS_OFF.exposeHeaders])
      .describe('Headers of an answer that a page may read'),
    max_age: option
      .integer({ min: 0 })
      .default(3600)
      .describe('Seconds that a browser may remember a preflight answer'),
    allow_methods: option
      .list()
      .default([...CORS_OFF.allowMethods])
      .describe('Methods that a page may use'),
    allow_headers: option
      .list()
      .default([...CORS_OFF.allowHeaders])
      .describe('Headers that a page may send'),
  }),
} as const

export type SectionName = keyof typeof SECTIONS

/** All sections of ours as typed values, by the names that they have in the file. */
export type Options = { readonly [Name in SectionName]: Readonly<z.output<(typeof SECTIONS)[Name]>> }
