import type { Instant } from '../domain/period.ts'
import type { TimeZone } from '../domain/time-zone.ts'
import { errorText, faultIn } from '../lib/fault.ts'
import { purgeAudit } from '../state/audit.ts'
import { endBackOffs } from '../state/back-offs.ts'
import type { Batches } from '../state/batches.ts'
import type { Maintenance } from '../state/maintenance.ts'
import type { StateDatabase } from '../state/database.ts'
import type { ScopeNames } from '../state/scope-names.ts'
import type { Scopes } from '../state/scopes.ts'
import type { PointStore } from '../storage/point-store.ts'
import type { Clock } from './clock.ts'
import type { ProcessorEvents, Step } from './events.ts'
import { measureResets } from './measure-resets.ts'
import type { Processor, Progress, RunSummary } from './processor.ts'
import type { Rechecker } from './rechecker.ts'
import type { Reprocessor } from './reprocessor.ts'
import { dropPast } from './retention.ts'
import { sweep } from './sweep.ts'

export interface RoundParts {
  readonly processor: Pick<Processor, 'discover' | 'run'>
  readonly rechecker: Pick<Rechecker, 'run'>
  readonly reprocessor: Pick<Reprocessor, 'run'>
  readonly db: StateDatabase
  readonly batches: Batches
  readonly scopes: Scopes
  readonly maintenance: Maintenance
  readonly store: PointStore
  readonly events: ProcessorEvents
  readonly clock: Clock
}

export interface RoundOptions {
  readonly names: ScopeNames
  /** How often the fetcher is asked which scopes there are, at least, while rounds go on for ever. */
  readonly discoverEverySeconds: number
  /** How long nothing is done after a round, while rounds go on for ever. */
  readonly lookSeconds: number
  /** Hours for which points are kept; undefined: for ever. */
  readonly keepHours: number | undefined
  /** Whose days are kept as a whole. */
  readonly zone: TimeZone
  /** Days for which audit records are kept; undefined: for ever. */
  readonly keepAuditDays: number | undefined
}

export interface RunInput {
  /** Taken as the present: what has settled by then is rated. */
  readonly until: Instant
  readonly signal: AbortSignal
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

/** A step that failed, and why. */
export interface Stumble {
  readonly step: Step
  readonly error: unknown
}

export interface Outcome extends RunSummary {
  /** Why the fetcher named no scope, if it was asked and did not; undefined otherwise. */
  readonly withoutScopes: string | undefined
  /** Steps that failed; what the others did stands. */
  readonly stumbles: readonly Stumble[]
}

const NOTHING: RunSummary = { done: 0, due: 0, points: 0, failed: [], left: 0, unpriced: [] }
/** One of all processors does so often what need not be done by each. */
const SWEEP_EVERY_SECONDS = 300
const PURGE_EVERY_SECONDS = 3600

/**
 * What a processor does again and again: it finds out which scopes there are, rates what is due, looks for usage that came
 * late, rates again what is to be, measures what resets changed, and deletes what nobody needs. A step that fails is told and
 * keeps no other one from its work, unless state does not answer: then all would wait for it in vain.
 */
export class Round {
  readonly #parts: RoundParts
  readonly #options: RoundOptions
  #discoveredAt = -Infinity

  constructor(parts: RoundParts, options: RoundOptions) {
    this.#parts = parts
    this.#options = options
  }

  get clock(): Clock {
    return this.#parts.clock
  }

  get lookSeconds(): number {
    return this.#options.lookSeconds
  }

  /**
   * One round. `whole`: the fetcher is asked though it was just asked, all that is to be rated again is, and what is to be
   * deleted is, whether or not it is this processor's turn. Throws only what is a fault of this program.
   */
  async run({ until, signal, onProgress, whole = false }: RunInput & { readonly whole?: boolean }): Promise<Outcome> {
    const { processor, rechecker, reprocessor, batches, store, scopes, events, clock } = this.#parts
    const { names, discoverEverySeconds } = this.#options
    const stumbles: Stumble[] = []
    let summary = NOTHING
    let withoutScopes: string | undefined
    const look = whole || (await clock.now()) - this.#discoveredAt >= discoverEverySeconds
    const steps: readonly [Step, () => Promise<unknown>][] = [
      ['discover', async () => look && (withoutScopes = await this.#discover(until, signal))],
      ['rate', async () => (summary = await processor.run({ until, signal, ...(onProgress && { onProgress }) }))],
      ['recheck', () => rechecker.run(signal)],
      ['reprocess', () => (whole ? untilNothing(() => reprocessor.run(signal), signal) : reprocessor.run(signal))],
      ['measure', () => measureResets({ scopes, batches, store, names }, signal)],
      ['sweep', () => this.#sweep(whole, signal)],
      ['retain', () => this.#retain(until, signal)],
      ['purge-audit', () => this.#purgeAudit(whole)],
    ]
    for (const [step, work] of steps) {
      if (signal.aborted) break
      try {
        await work()
      } catch (error) {
        if (signal.aborted) break
        events.stumbled(step, error)
        stumbles.push({ step, error })
        if (faultIn(error)?.code === 'state.unavailable') break
      }
    }
    return { ...summary, withoutScopes, stumbles }
  }

  /** What failed before is tried in the next round, however long it should have waited. */
  async forgetFailures(): Promise<void> {
    await endBackOffs(this.#parts.db, this.#options.names)
  }

  /** Tells the other processors that this one takes nothing any more. */
  async retire(): Promise<void> {
    await this.#parts.batches.retire().catch((error: unknown) => this.#parts.events.notRetired(error))
  }

  async #discover(until: Instant, signal: AbortSignal): Promise<string | undefined> {
    const withoutScopes = await this.#parts.processor.discover(until, signal)
    this.#discoveredAt = await this.#parts.clock.now()
    return withoutScopes
  }

  async #sweep(whole: boolean, signal: AbortSignal): Promise<void> {
    const { batches, maintenance, store } = this.#parts
    if (whole || (await maintenance.take('sweep-turn', SWEEP_EVERY_SECONDS))) await sweep(batches, store, signal)
  }

  /** What is dropped does not come back: neither a mistaken `--until` nor one clock that is fast may say how old it is. */
  async #retain(until: Instant, signal: AbortSignal): Promise<void> {
    const { maintenance, clock } = this.#parts
    const { keepHours: hours, zone } = this.#options
    if (hours === undefined) return
    const now = Math.min(until, await clock.now(), await maintenance.now())
    await dropPast(this.#parts, { now, hours, zone }, signal)
  }

  async #purgeAudit(whole: boolean): Promise<void> {
    const { db, maintenance, events } = this.#parts
    const { keepAuditDays: days } = this.#options
    if (days === undefined || !(whole || (await maintenance.take('audit', PURGE_EVERY_SECONDS)))) return
    events.auditPurged(await purgeAudit(db, days))
  }
}

/**
 * Rates all that has settled by `until`, what failed before as well, and works on everything that is to be rated again, then
 * says how it went. Throws when nothing could be rated at all because a step before it failed.
 */
export async function runUntilDone(round: Round, input: RunInput): Promise<Outcome> {
  try {
    await round.forgetFailures()
    return await round.run({ ...input, whole: true })
  } finally {
    await round.retire()
  }
}

/** Rounds, one after the other, until the signal is aborted. Throws nothing: what fails is told and tried again. */
export async function runForEver(round: Round, { signal, onProgress }: Omit<RunInput, 'until'>): Promise<void> {
  const { clock, lookSeconds } = round
  while (!signal.aborted) {
    const until = await present(clock)
    if (until !== undefined) await round.run({ until, signal, onProgress })
    await clock.sleep(lookSeconds, signal)
  }
  await round.retire()
}

/** Undefined while nobody knows: the clock has told why. */
async function present(clock: Clock): Promise<Instant | undefined> {
  try {
    return await clock.now()
  } catch {
    return undefined
  }
}

/** What failed, for whoever reads a command's output. */
export function stumbleText({ step, error }: Stumble): string {
  return `${step}: ${errorText(error)}`
}

async function untilNothing(work: () => Promise<number>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await work()) > 0);
}
