import { parse as parseLossless } from 'lossless-json'
import { parseIsoTime } from '../../domain/iso-time.ts'
import { formatInstant } from '../../domain/period.ts'
import type { Attributes, AttributeValue } from '../../domain/series.ts'
import { Fault, type FaultCode } from '../../lib/fault.ts'
import { readNumber } from '../../lib/python-text.ts'
import { requireAnswer } from '../http/require-answer.ts'
import { excerpt, type Source, type SourceReply, type SourceRequest } from '../http/source-client.ts'

/** A value of one bucket of time: `[at, at + granularity)`. */
export interface Measure {
  /** Unix seconds. */
  readonly at: number
  /** Seconds. */
  readonly granularity: number
  /** Finite. Gnocchi computes in doubles and writes their shortest text, so nothing is lost in reading it as one. */
  readonly value: number
}

/** What Gnocchi aggregated of the resources that have the same values of the `groupby` attributes. */
export interface AggregateGroup {
  readonly group: ResourceAttributes
  /** Coarsest granularity first, then by time. */
  readonly measures: readonly Measure[]
}

export interface AggregatesQuery {
  /** Gnocchi's operations: a list, or their text with parentheses. */
  readonly operations: unknown
  readonly resourceType: string
  readonly search: unknown
  readonly groupby: readonly string[]
  /** Unix seconds; buckets that begin in `[start, stop)`, and the one that holds `start`. */
  readonly start: number
  readonly stop: number
  /** Seconds; undefined for all that the metrics have in common. */
  readonly granularity: number | undefined
  /** Attributes of groups are those of the time, since Gnocchi 4.5; older ones ignore it. */
  readonly useHistory: boolean
}

export interface ResourceSearch {
  readonly resourceType: string
  /** Undefined for every resource. */
  readonly search: unknown
  /** Each revision of a resource, instead of what it is now. */
  readonly history?: boolean
  /** Attributes of a resource's own type too, where a more general type was searched. */
  readonly details?: boolean
  /** Attributes to give; a Gnocchi that knows no such question gives them all. */
  readonly attributes: readonly string[]
  readonly sort: readonly string[]
}

/** As Gnocchi gives them, numbers as Python reads them; lists and objects are left out. */
export type ResourceAttributes = Attributes

/** Gnocchi gives a thousand resources a page: enough for a hundred million. */
const PAGES_MAX = 100_000

/**
 * Gnocchi's HTTP API (https://gnocchi.osci.io/rest.html). Faults: `collect.rejected` when Gnocchi refuses,
 * `collect.timeout` when it or a proxy before it gives up, `collect.invalid_answer`, and those of `Source.send`.
 */
export class GnocchiClient {
  readonly #source: Source

  constructor(source: Source) {
    this.#source = source
  }

  /** Gnocchi's version, `4.4.2`; undefined when it does not tell. */
  async version(signal: AbortSignal): Promise<string | undefined> {
    const reply = await this.#source.send({ method: 'GET', path: '/' }, signal)
    const answer = tryParse(reply.body)
    const build = isRecord(answer) ? answer['build'] : undefined
    return typeof build === 'string' ? build : undefined
  }

  /** How many types of resources there are. */
  async resourceTypes(signal: AbortSignal): Promise<number> {
    const reply = await this.#source.send({ method: 'GET', path: '/v1/resource_type' }, signal)
    const answer = parsed(reply)
    if (!Array.isArray(answer)) throw invalid(reply, 'is not a list of types')
    return answer.length
  }

  /** One element per group; none when there is no such metric. */
  async aggregates(query: AggregatesQuery, signal: AbortSignal): Promise<AggregateGroup[]> {
    const parameters = new URLSearchParams({ details: 'False' })
    if (query.granularity !== undefined) parameters.set('granularity', String(query.granularity))
    for (const attribute of query.groupby) parameters.append('groupby', attribute)
    parameters.set('start', formatInstant(query.start))
    parameters.set('stop', formatInstant(query.stop))
    parameters.set('use_history', query.useHistory ? 'True' : 'False')
    const { operations, search, resourceType: resource_type } = query
    const json = { operations, search, resource_type }
    const reply = await this.#post('/v1/aggregates', parameters, json, signal)
    if (reply.status !== 200 && isNoSuchMetric(reply)) return []
    const answer = parsed(reply)
    if (!Array.isArray(answer)) throw invalid(reply, 'is not a list of groups')
    const instants = new Map<string, number>()
    return answer.map((element) => toGroup(element, instants, reply))
  }

  /** Page by page until there is none. */
  async *resources(search: ResourceSearch, signal: AbortSignal): AsyncGenerator<ResourceAttributes[]> {
    const path = `/v1/search/resource/${encodeURIComponent(search.resourceType)}`
    const seen = new Set<string>()
    let marker: string | undefined
    for (let page = 0; page < PAGES_MAX; page++) {
      const parameters = new URLSearchParams()
      if (search.history) parameters.set('history', 'true')
      if (search.details) parameters.set('details', 'true')
      for (const attribute of search.attributes) parameters.append('attrs', attribute)
      for (const order of search.sort) parameters.append('sort', order)
      if (marker !== undefined) parameters.set('marker', marker)
      const reply = await this.#post(path, parameters, search.search ?? {}, signal)
      const answer = parsed(reply)
      if (!Array.isArray(answer)) throw invalid(reply, 'is not a list of resources')
      if (answer.length > 0) yield answer.map((element) => toAttributes(element, reply))
      const next = nextMarker(reply)
      if (next === undefined) return
      if (seen.has(next)) throw invalid(reply, 'names a page as the next one that was read before')
      seen.add((marker = next))
    }
    throw new Fault('collect.too_large', `${path} has more than ${PAGES_MAX} pages`)
  }

  async #post(path: string, query: URLSearchParams, json: unknown, signal: AbortSignal): Promise<SourceReply> {
    // Both questions only read.
    const request: SourceRequest = { method: 'POST', path, query, json, repeatable: true }
    return this.#source.send(request, signal)
  }
}

/** The answer's JSON, or the fault that it stands for. */
function parsed(reply: SourceReply): unknown {
  return requireAnswer(reply, { answer: tryParse(reply.body), reason: () => reasonOf(reply) }, (code, message) =>
    fault(code, reply, message),
  )
}

/**
 * Up to 4.4 a 400 with the cause, later a 404 with a sentence; neither means more than that nothing was measured. The 404
 * for a metric that has no such aggregation is another one, and an error of the definition.
 */
function isNoSuchMetric(reply: SourceReply): boolean {
  const answer = tryParse(reply.body)
  const description = isRecord(answer) ? answer['description'] : undefined
  if (reply.status === 404) return typeof description === 'string' && /Metric .*does not exist/s.test(description)
  if (reply.status !== 400 || !isRecord(description)) return false
  return typeof description['cause'] === 'string' && /Metrics? not found/.test(description['cause'])
}

/** What Gnocchi says went wrong: a sentence, or a cause with reason and detail. */
function reasonOf({ body }: SourceReply): string {
  const answer = tryParse(body)
  const description = isRecord(answer) ? answer['description'] : undefined
  if (typeof description === 'string') return excerpt(description, 500)
  return excerpt(description === undefined ? body : JSON.stringify(description), 500) || 'an empty body'
}

/** `<http://…/v1/search/…?marker=ID%40REVISION&…>; rel="next"` */
function nextMarker(reply: SourceReply): string | undefined {
  const [, target] = /<([^<>]*)>\s*;\s*rel="?next"?/.exec(reply.link ?? '') ?? []
  if (target === undefined) return undefined
  const query = new URLSearchParams(target.slice(target.indexOf('?') + 1))
  const marker = query.get('marker')
  if (marker === null) throw invalid(reply, 'names a next page without a marker')
  return marker
}

/** A number in its own words, for those that JavaScript would make equal. */
class NumberText {
  readonly literal: string

  constructor(literal: string) {
    this.literal = literal
  }
}

/** A number that is a member of an object, so an attribute: those of measures stand in arrays. */
const NUMBER_MEMBER = /"\s*:\s*-?\d/

/** Undefined for what is not JSON; valid JSON never is. Numbers keep their text where any of them is an attribute. */
function tryParse(body: Buffer): unknown {
  const text = body.toString('utf8')
  try {
    if (!NUMBER_MEMBER.test(text)) return JSON.parse(text)
    return parseLossless(text, undefined, { parseNumber: (literal) => new NumberText(literal) })
  } catch {
    return undefined
  }
}

function toGroup(element: unknown, instants: Map<string, number>, reply: SourceReply): AggregateGroup {
  const outer = isRecord(element) ? element['measures'] : undefined
  const inner = isRecord(outer) ? outer['measures'] : undefined
  const list = isRecord(inner) ? inner['aggregated'] : undefined
  if (!isRecord(element) || !isRecord(element['group']) || !Array.isArray(list)) {
    throw invalid(reply, 'holds an element that is not a group of aggregated measures; does the query aggregate?')
  }
  const measures = list.map((item) => {
    const measure = toMeasure(item, instants)
    if (!measure) throw invalid(reply, `holds a measure that is not an instant, a granularity and a value`)
    return measure
  })
  return { group: toAttributes(element['group'], reply), measures }
}

/** Loops by hand instead of a schema: an answer may hold a million measures. */
function toMeasure(item: unknown, instants: Map<string, number>): Measure | undefined {
  if (!Array.isArray(item) || item.length !== 3 || typeof item[0] !== 'string') return undefined
  let at = instants.get(item[0])
  if (at === undefined) instants.set(item[0], (at = readTimestamp(item[0])))
  const granularity = toNumber(item[1])
  const value = toNumber(item[2])
  return Number.isFinite(at) && granularity > 0 && Number.isFinite(value) ? { at, granularity, value } : undefined
}

function toNumber(value: unknown): number {
  if (typeof value === 'number') return value
  if (value instanceof NumberText) return Number(value.literal)
  // A comparison in a custom query gives these.
  if (typeof value === 'boolean') return value ? 1 : 0
  return Number.NaN
}

/** Unix seconds of what Gnocchi writes as an instant, always in UTC; NaN for anything else. */
export function readTimestamp(text: string): number {
  const time = parseIsoTime(text, 'plain')
  return time ? time.seconds + time.micros / 1_000_000 : Number.NaN
}

function toAttributes(element: unknown, reply: SourceReply): ResourceAttributes {
  if (!isRecord(element)) throw invalid(reply, 'holds an element that is not an object')
  const attributes: Record<string, AttributeValue> = {}
  for (const [name, value] of Object.entries(element)) {
    if (value instanceof NumberText) attributes[name] = readNumber(value.literal)
    else if (value === null || typeof value !== 'object') attributes[name] = value as AttributeValue
  }
  return attributes
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(reply: SourceReply, what: string): Fault {
  return fault('collect.invalid_answer', reply, `the answer of ${reply.url} ${what}`)
}

function fault(code: `collect.${string}` & FaultCode, reply: SourceReply, message: string): Fault {
  return new Fault(code, message, { url: reply.url, status: reply.status })
}
