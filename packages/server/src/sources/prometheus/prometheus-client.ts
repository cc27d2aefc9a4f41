import { Fault, type FaultCode } from '../../lib/fault.ts'
import { requireAnswer } from '../http/require-answer.ts'
import { excerpt, isOverloaded, type Source, type SourceReply } from '../http/source-client.ts'

/** A range query: `query` evaluated at `start`, `start + step`, … up to `end`. Unix seconds. */
export interface RangeQuery {
  readonly query: string
  readonly start: number
  readonly end: number
  readonly step: number
}

/** One element of an answer. Values are texts as Prometheus writes them, `NaN`, `+Inf` and `-Inf` among them. */
export interface PromSeries {
  readonly metric: Readonly<Record<string, string>>
  /** Ascending by time; instants without a value are left out. */
  readonly values: readonly (readonly [instant: number, value: string])[]
}

/**
 * Prometheus' HTTP API (https://prometheus.io/docs/prometheus/latest/querying/api/). Questions are sent as POST, so that
 * a long one fits. Warnings in an answer are not errors. Faults carry the query in their detail: `collect.rejected` when
 * Prometheus refuses, `collect.too_large` when it refuses for size, `collect.timeout` when it gives up,
 * `collect.invalid_answer`, and those of `SourceClient.send`.
 */
export class PrometheusClient {
  readonly #client: Source
  readonly #method: 'GET' | 'POST'

  /** `method` for something between us and Prometheus that takes no other. */
  constructor(client: Source, { method = 'POST' }: { method?: 'GET' | 'POST' } = {}) {
    this.#client = client
    this.#method = method
  }

  async queryRange({ query, start, end, step }: RangeQuery, signal: AbortSignal): Promise<PromSeries[]> {
    const form = { query, start: String(start), end: String(end), step: String(step) }
    return new Asked(await this.#send('/query_range', form, signal), query).matrix()
  }

  /** Evaluated now, by Prometheus' clock. Each element has one value. */
  async query(query: string, signal: AbortSignal): Promise<PromSeries[]> {
    return new Asked(await this.#send('/query', { query }, signal), query).vector()
  }

  /** Evaluated at an instant. Each element has one value, with that instant. */
  async queryAt(query: string, at: number, signal: AbortSignal): Promise<PromSeries[]> {
    return new Asked(await this.#send('/query', { query, time: String(at) }, signal), query).vector()
  }

  /** A range of time, for instance a subquery, that ends at an instant. */
  async queryRangeAt(query: string, at: number, signal: AbortSignal): Promise<PromSeries[]> {
    return new Asked(await this.#send('/query', { query, time: String(at) }, signal), query).matrix()
  }

  async #send(path: string, fields: Record<string, string>, signal: AbortSignal): Promise<SourceReply> {
    // Prometheus stops working on a question that we no longer wait for.
    const form = new URLSearchParams({ ...fields, timeout: String(this.#client.timeoutSeconds) })
    const parameters = this.#method === 'GET' ? { query: form } : { form }
    try {
      return await this.#client.send(
        { method: this.#method, path, ...parameters, repeatable: true, worthRetrying },
        signal,
      )
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      throw error.passedOn(error.code, error.message, { query: fields['query'] })
    }
  }
}

/** A query that took too long takes as long again; a proxy that is overloaded may recover. */
function worthRetrying(reply: SourceReply): boolean {
  return errorOf(parse(reply.body)) === undefined || reply.status === 429
}

/** An answer together with what it answers, for the faults. */
class Asked {
  readonly #reply: SourceReply
  readonly #query: string

  constructor(reply: SourceReply, query: string) {
    this.#reply = reply
    this.#query = query
  }

  matrix(): PromSeries[] {
    return this.#result('matrix').map((element) => {
      if (!isMatrixElement(element)) throw this.invalid('holds an element that is not a series of values')
      return element
    })
  }

  vector(): PromSeries[] {
    return this.#result('vector').map((element) => {
      if (!isVectorElement(element)) throw this.invalid('holds an element that is not a series with a value')
      return { metric: element.metric, values: [element.value] }
    })
  }

  /** The elements of a successful answer of the wanted type. */
  #result(wanted: 'matrix' | 'vector'): unknown[] {
    const { body } = this.#reply
    const parsed = parse(body)
    const error = errorOf(parsed)
    if (error) throw this.#refused(error)
    const answer = requireAnswer(this.#reply, { answer: parsed, reason: () => excerpt(body) }, (code, message) =>
      this.#fault(code, message),
    )
    if (!isRecord(answer) || answer['status'] !== 'success' || !isRecord(answer['data'])) {
      throw this.invalid(`is not Prometheus': ${excerpt(body)}`)
    }
    const { resultType, result } = answer['data']
    if (resultType !== wanted || !Array.isArray(result)) {
      throw this.invalid(`is of the type ${JSON.stringify(resultType)} instead of ${wanted}`)
    }
    return result
  }

  invalid(what: string): Fault {
    return this.#fault('collect.invalid_answer', `the answer of ${this.#reply.url} ${what}`)
  }

  #refused({ errorType, error }: PromError): Fault {
    const text = `${errorType}: ${error}`
    if (errorType === 'timeout') return this.#fault('collect.timeout', `${this.#reply.url}: ${text}`)
    const tooLarge = /too many samples|maximum resolution/.test(error)
    const code = tooLarge
      ? 'collect.too_large'
      : isOverloaded(this.#reply.status)
        ? 'collect.overloaded'
        : 'collect.rejected'
    return this.#fault(code, `${this.#reply.url}: ${text}`)
  }

  #fault(code: `collect.${string}` & FaultCode, message: string): Fault {
    return new Fault(code, message, { url: this.#reply.url, status: this.#reply.status, query: this.#query })
  }
}

interface PromError {
  readonly errorType: string
  readonly error: string
}

function errorOf(answer: unknown): PromError | undefined {
  if (!isRecord(answer) || answer['status'] !== 'error') return undefined
  const { errorType, error } = answer
  return {
    errorType: typeof errorType === 'string' ? errorType : 'unknown',
    error: excerpt(typeof error === 'string' ? error : (JSON.stringify(error) ?? ''), 500),
  }
}

/** Undefined for what is not JSON; valid JSON never is undefined. */
function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

// Loops by hand instead of a schema: an answer may hold a million values.

function isMatrixElement(element: unknown): element is PromSeries {
  if (!isRecord(element) || !isLabels(element['metric'])) return false
  const { values } = element
  return Array.isArray(values) && values.every(isValue)
}

function isVectorElement(element: unknown): element is { metric: Record<string, string>; value: [number, string] } {
  return isRecord(element) && isLabels(element['metric']) && isValue(element['value'])
}

function isLabels(metric: unknown): metric is Record<string, string> {
  if (!isRecord(metric)) return false
  for (const label in metric) if (typeof metric[label] !== 'string') return false
  return true
}

function isValue(value: unknown): value is [number, string] {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === 'number' && typeof value[1] === 'string'
}
