import { setTimeout as sleep } from 'node:timers/promises'
import { parse } from 'lossless-json'
import { formatInstant } from '../../packages/server/src/domain/period.ts'
import { type Correction, PERIOD_SECONDS, type ScopeId, SCOPES, toUnits, type Truth, TYPES } from './truth.ts'

const READ_TIMEOUT_MS = 10_000
const PAUSE_MS = 100
const FINDINGS_MAX = 5

/** What readers have seen of a scope so far. */
interface Seen {
  /** Everything before this is rated. */
  reached: number
  corrected: boolean
}

interface Row {
  readonly begin: string
  readonly qty: string
  readonly rate: string
  readonly type: string
  readonly project_id: string
}

type Rows = ReadonlyMap<string, { readonly quantity: bigint; readonly price: bigint }>

/**
 * Asks for all sums by scope, type and period, again and again, while things go wrong. An answer may fail. One that comes
 * must be of one instant of the commit protocol: each scope's periods from the first on without a hole, all types of each
 * with their full sums, what is corrected either nowhere or everywhere, and nothing ever taken back but by a reset.
 */
export class Reader {
  readonly findings: string[] = []
  /** Answers that were looked at. */
  reads = 0
  readonly #truth: Truth
  readonly #begin: number
  readonly #address: () => string | undefined
  readonly #limit: () => number
  readonly #seen: ReadonlyMap<ScopeId, Seen>
  readonly #corrections = new Map<ScopeId, Correction>()
  /** Scopes that are being reset, with the first read that must show it: until then what was seen of them may go. */
  readonly #resets = new Map<ScopeId, number>()
  /** Points were lost: hours may be missing. */
  #isMending = false
  #begun = 0
  /** Reads before this one are of what was there before the loss. */
  #first = 0

  /** `limit`: nothing may be rated beyond what it says. */
  constructor(truth: Truth, begin: number, address: () => string | undefined, limit: () => number) {
    this.#limit = limit
    this.#truth = truth
    this.#begin = begin
    this.#address = address
    this.#seen = new Map(SCOPES.map((scope) => [scope, { reached: begin, corrected: false }]))
  }

  /** Up to when readers have seen the scope rated. */
  reached(scope: ScopeId): number {
    return this.#seen.get(scope)!.reached
  }

  /** Whether anything was seen rated. */
  get hasSeen(): boolean {
    return SCOPES.some((scope) => this.reached(scope) > this.#begin)
  }

  /** To be told before the correction can have an effect. */
  expect(correction: Correction, byReset: boolean): void {
    this.#corrections.set(correction.scope, correction)
    if (byReset) this.#resets.set(correction.scope, Infinity)
  }

  /** The reset was acknowledged: reads that begin later show it, and take nothing back any more. */
  resetIsDone(scope: ScopeId): void {
    this.#resets.set(scope, this.#begun + 1)
  }

  /** To be told when no process runs, before points are lost. From then on hours may be missing, and what is there must be right. */
  lose(): void {
    this.#isMending = true
    this.#first = this.#begun + 1
    for (const seen of this.#seen.values()) Object.assign(seen, { reached: this.#begin, corrected: false })
  }

  /** All scopes are rated up to there, and what is corrected is seen. */
  isComplete(end: number): boolean {
    return SCOPES.every((scope) => {
      const { reached, corrected } = this.#seen.get(scope)!
      return reached >= end && corrected === this.#corrections.has(scope)
    })
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#read().catch((error: unknown) => this.#find(`an answer cannot be understood: ${String(error)}`))
      await sleep(PAUSE_MS, undefined, { signal }).catch(() => {})
    }
  }

  async #read(): Promise<void> {
    const address = this.#address()
    if (address === undefined) return
    const number = ++this.#begun
    const query = `groupby=project_id&groupby=type&groupby=time&response_format=object&limit=1000000&begin=${formatInstant(this.#begin)}`
    let text: string
    try {
      const end = formatInstant(this.#begin + 10_000 * PERIOD_SECONDS)
      const signal = AbortSignal.timeout(READ_TIMEOUT_MS)
      const answer = await fetch(
        `${address}/v2/summary?${query.replaceAll('+', '%2B')}&end=${end.replaceAll('+', '%2B')}`,
        { signal },
      )
      text = await answer.text()
      if (!answer.ok) return
    } catch {
      return
    }
    this.#look(parse(text, null, String) as { results: Row[] }, number)
    this.reads++
  }

  #look({ results }: { results: Row[] }, number: number): void {
    const rows = new Map<string, { quantity: bigint; price: bigint }>()
    const counts = new Map<string, number>()
    for (const { begin, qty, rate, type, project_id: scope } of results) {
      rows.set(`${scope} ${type} ${Date.parse(begin) / 1000}`, { quantity: toUnits(qty), price: toUnits(rate) })
      counts.set(scope, (counts.get(scope) ?? 0) + 1)
    }
    if (number < this.#first) return
    for (const scope of SCOPES) {
      if (this.#isMending) this.#lookAtSome(scope, rows, counts.get(scope) ?? 0, number)
      else this.#lookAt(scope, rows, counts.get(scope) ?? 0, number)
    }
  }

  /** Whether the answer has the period whole, as it was or as it was corrected. */
  #has(rows: Rows, scope: ScopeId, begin: number, corrected: boolean): boolean {
    return TYPES.every((type) => {
      const row = rows.get(`${scope} ${type} ${begin}`)
      const wanted = this.#truth.total(scope, type, begin, corrected)
      return row !== undefined && row.quantity === wanted.quantity && row.price === wanted.price
    })
  }

  #mayBeCorrected(scope: ScopeId, at: number): boolean {
    const correction = this.#corrections.get(scope)
    return correction !== undefined && correction.begin <= at && at < correction.end
  }

  /** Whatever is there must be right; how far the hours reach without a hole is noted. */
  #lookAtSome(scope: ScopeId, rows: Rows, count: number, number: number): void {
    const seen = this.#seen.get(scope)!
    const correction = this.#corrections.get(scope)
    let [whole, reached, corrected] = [0, this.#begin, 0]
    for (let at = this.#begin; at < this.#limit(); at += PERIOD_SECONDS) {
      const isCorrected = this.#mayBeCorrected(scope, at) && this.#has(rows, scope, at, true)
      if (!isCorrected && !this.#has(rows, scope, at, false)) continue
      whole++
      if (isCorrected) corrected++
      if (reached === at) reached = at + PERIOD_SECONDS
    }
    if (count !== TYPES.length * whole)
      this.#find(`read ${number}, scope ${scope}: ${count} sums, of which only ${TYPES.length * whole} are right`)
    seen.reached = reached
    seen.corrected = correction !== undefined && corrected === (correction.end - correction.begin) / PERIOD_SECONDS
  }

  #lookAt(scope: ScopeId, rows: Rows, count: number, number: number): void {
    const seen = this.#seen.get(scope)!
    const correction = this.#corrections.get(scope)
    const [old, corrected]: [number[], number[]] = [[], []]
    let at = this.#begin
    for (; ; at += PERIOD_SECONDS) {
      const mayBe = this.#mayBeCorrected(scope, at)
      if (mayBe && this.#has(rows, scope, at, true)) corrected.push(at)
      else if (!this.#has(rows, scope, at, false)) break
      else if (mayBe) old.push(at)
    }
    const what = `read ${number}, scope ${scope}`
    if (count !== (TYPES.length * (at - this.#begin)) / PERIOD_SECONDS)
      return this.#find(`${what}: ${count} sums, of which not all are whole from ${formatInstant(at)} on`)
    if (at > this.#limit()) this.#find(`${what}: rated up to ${formatInstant(at)}, which is yet to come`)
    if (old.length > 0 && corrected.length > 0)
      this.#find(`${what}: ${corrected.length} periods are corrected and ${old.length} are not`)
    if (old.length > 0 && seen.corrected) this.#find(`${what}: what was corrected is old again`)
    const shownFrom = this.#resets.get(scope)
    const mayDrop = correction !== undefined && shownFrom !== undefined
    if (at < seen.reached && !(mayDrop && at >= correction.begin))
      this.#find(`${what}: rated up to ${formatInstant(at)} only, after ${formatInstant(seen.reached)} had been seen`)
    if (shownFrom !== undefined && number >= shownFrom) this.#resets.delete(scope)
    seen.reached = at
    seen.corrected ||= corrected.length > 0
  }

  #find(what: string): void {
    if (this.findings.length < FINDINGS_MAX) this.findings.push(what)
  }
}
