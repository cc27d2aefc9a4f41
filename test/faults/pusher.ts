import { setTimeout as sleep } from 'node:timers/promises'
import { parse } from 'lossless-json'
import { formatInstant } from '../../packages/server/src/domain/period.ts'
import type { BilledPoint } from './truth.ts'
import { PERIOD_SECONDS, toText, toUnits } from './truth.ts'

/** Whose the pushed points are; nobody else has points for it. */
const PUSHED_SCOPE = 'pushed'
const TYPE = 'frames'
const UNIT = 'B'
const PAUSE_MS = 60
const RETRY_MS = 200
const PUSH_TIMEOUT_MS = 20_000
const FINDINGS_MAX = 5

export interface PusherOptions {
  /** Up to when nothing is rated for the scope: the period of all that is pushed. */
  readonly begin: number
  readonly address: () => string | undefined
  readonly random: () => number
  /** Whether a refusal says for certain that nothing was taken: state's answers are not lost, no disk is full. */
  readonly certain: boolean
  /** Attributes of each point: what makes questions about them dear. */
  readonly attributes: number
}

interface Push {
  readonly number: number
  readonly points: number
  /** Refused, and to be left at that. */
  refused: boolean
}

/**
 * A client that pushes frames of points with their prices, one after the other, each under a key of its own. Acknowledged ones
 * must be on the bill once; of those that were refused, and not sent again, no point may be there. Whether one was taken
 * when its answer was lost is found out by sending it again.
 */
export class Pusher {
  readonly findings: string[] = []
  readonly #options: PusherOptions
  readonly #acknowledged = new Map<number, Push>()
  /** Acknowledged, and to be sent again because they may be gone. */
  readonly #again = new Map<number, Push>()
  #number = 0
  #refused = 0
  #unfinished: Push | undefined

  constructor(options: PusherOptions) {
    this.#options = options
  }

  /** How many were acknowledged and how many refused for good. */
  get counts(): { readonly acknowledged: number; readonly refused: number } {
    return { acknowledged: this.#acknowledged.size, refused: this.#refused }
  }

  /** Pushes until the signal fires, and then until of all that was sent it is known what became of it. */
  async run(signal: AbortSignal, giveUp: AbortSignal): Promise<void> {
    while (!signal.aborted && !giveUp.aborted) {
      this.#unfinished = { number: this.#number, points: this.#draw(), refused: false }
      this.#number++
      await this.#send(this.#unfinished, giveUp)
      await sleep(PAUSE_MS)
    }
    for (const push of this.#again.values()) await this.#send({ ...push, refused: false }, giveUp)
  }

  /** Points may be gone: all that was acknowledged is sent again, under the same keys. */
  sendAgain(): void {
    for (const [number, push] of this.#acknowledged) this.#again.set(number, push)
  }

  /** What must be on the bill of what was pushed, and nothing else. */
  *wanted(): Generator<BilledPoint> {
    for (const push of this.#acknowledged.values()) yield* this.#pointsOf(push)
  }

  /** Compares the sums that the API tells with what was acknowledged. */
  async check(address: string | undefined): Promise<void> {
    const { begin } = this.#options
    const range = new URLSearchParams({
      begin: formatInstant(begin),
      end: formatInstant(begin + PERIOD_SECONDS),
      filters: `project_id:${PUSHED_SCOPE}`,
      response_format: 'object',
    })
    const answer = await fetch(`${address}/v2/summary?${range.toString()}`, {
      signal: AbortSignal.timeout(PUSH_TIMEOUT_MS),
    })
    const text = await answer.text()
    if (!answer.ok) return this.#find(`the sums of what was pushed: ${answer.status} ${text}`)
    const { results } = parse(text, null, String) as { results: { qty: string; rate: string }[] }
    const sum = { quantity: 0n, price: 0n }
    for (const { quantity, price } of this.wanted()) {
      sum.quantity += quantity
      sum.price += price
    }
    const [row] = results
    const found = { quantity: toUnits(row?.qty ?? '0'), price: toUnits(row?.rate ?? '0') }
    if (found.quantity !== sum.quantity || found.price !== sum.price)
      this.#find(
        `pushed were ${toText(sum.quantity)} for ${toText(sum.price)}; the API tells ${toText(found.quantity)} for ${toText(found.price)}`,
      )
  }

  #draw(): number {
    const { random, attributes } = this.#options
    // The first one makes questions dear.
    if (this.#number === 0 && attributes > 0) return 5000
    return 50 + Math.floor(random() * (attributes > 0 ? 2000 : 1000))
  }

  async #send(push: Push, giveUp: AbortSignal): Promise<void> {
    const body = JSON.stringify({ dataframes: [this.#frame(push)] })
    for (let last = 'no answer', isDoubtful = false; ;) {
      const answer = await this.#post(push.number, body)
      if (answer === 'taken') {
        this.#acknowledged.set(push.number, push)
        this.#again.delete(push.number)
        return
      }
      if (
        answer.refused &&
        this.#options.certain &&
        !isDoubtful &&
        this.#options.random() < 0.5 &&
        !this.#acknowledged.has(push.number)
      ) {
        this.#refused++
        return
      }
      if (!answer.refused && answer.why !== undefined) isDoubtful = true
      last = answer.why ?? last
      if (giveUp.aborted) return this.#find(`push ${push.number} was not taken in the end: ${last}`)
      await sleep(RETRY_MS)
    }
  }

  /** `why` is undefined when there was nobody to send it to. */
  async #post(number: number, body: string): Promise<'taken' | { refused: boolean; why: string | undefined }> {
    const address = this.#options.address()
    if (address === undefined) return { refused: false, why: undefined }
    try {
      const answer = await fetch(`${address}/v2/dataframes`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': `push ${number}` },
        body,
        signal: AbortSignal.timeout(PUSH_TIMEOUT_MS),
      })
      const why = `${answer.status} ${await answer.text()}`
      if (answer.status === 204) return 'taken'
      if (answer.status !== 503) this.#find(`push ${number} was answered ${why}`)
      else if (!/^\d+$/.test(answer.headers.get('retry-after') ?? ''))
        this.#find(`push ${number} was refused without Retry-After: ${why}`)
      return { refused: answer.status === 503, why }
    } catch (error) {
      return { refused: false, why: String(error) }
    }
  }

  *#pointsOf({ number, points }: Push): Generator<BilledPoint> {
    const { begin } = this.#options
    for (let i = 0; i < points; i++) {
      const thousandths = BigInt(1 + ((number * 7919 + i * 31) % 99_991))
      yield {
        scope: PUSHED_SCOPE,
        type: TYPE,
        unit: UNIT,
        id: `${number}-${i}`,
        flavor: undefined,
        begin,
        quantity: thousandths * 10n ** 15n,
        price: thousandths * 12_345_678_901n,
      }
    }
  }

  #frame(push: Push): object {
    const { begin, attributes } = this.#options
    const usage = [...this.#pointsOf(push)].map(({ id, quantity, price }, i) => ({
      vol: { unit: UNIT, qty: toText(quantity) },
      rating: { price: toText(price) },
      groupby: { id, project_id: PUSHED_SCOPE },
      metadata: Object.fromEntries(
        Array.from({ length: attributes }, (_, k) => [`z${k}`, `z${k}-${(i * (k + 7)) % 97}`]),
      ),
    }))
    const period = { begin: formatInstant(begin), end: formatInstant(begin + PERIOD_SECONDS) }
    return { period, usage: { [TYPE]: usage } }
  }

  #find(what: string): void {
    if (this.findings.length < FINDINGS_MAX) this.findings.push(what.slice(0, 600))
  }
}
