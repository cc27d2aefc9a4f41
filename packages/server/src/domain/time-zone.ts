import { Temporal } from 'temporal-polyfill'
import type { Instant } from './period.ts'

/** A day of some time zone: the number of days from 1970-01-01 to it. */
export type Day = number

/** Local time is so many seconds ahead of UTC from an instant on. */
export interface Offset {
  readonly from: Instant
  /** Negative west of Greenwich. */
  readonly seconds: number
}

/**
 * How a place's clocks and calendars go. What is stored and billed knows nothing of it: periods are so many seconds of UTC;
 * only months, weeks and days of reports are a place's own. Daylight saving is followed from 1970 to 2099; before and
 * after, the offset is that of the nearest of these days.
 */
export class TimeZone {
  /** As the IANA database has it, such as `Europe/Berlin`. */
  readonly name: string
  readonly #chunks = new Map<number, readonly Offset[]>()
  /** Of what was asked last: who asks goes through time, not to and fro. */
  #last = { begin: 0, end: 0, seconds: 0 }

  private constructor(name: string) {
    this.name = name
  }

  /** Undefined for what is no zone of the IANA database that this Node.js brings. */
  static named(name: string): TimeZone | undefined {
    const known = ZONES.get(name)
    if (known) return known
    // Offsets such as +05:30 would do, but say nothing of daylight saving, and come from a misunderstanding then.
    if (!/^[A-Za-z]/.test(name)) return undefined
    try {
      Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name)
    } catch (error) {
      if (error instanceof RangeError) return undefined
      throw error
    }
    const zone = new TimeZone(name)
    ZONES.set(name, zone)
    return zone
  }

  /** The local offsets that hold within the half-open range, in order; the first from its begin on. At least one. */
  offsets(begin: Instant, end: Instant): readonly Offset[] {
    const first: Offset = { from: begin, seconds: this.offsetAt(begin) }
    if (this === UTC) return [first]
    const found = [first]
    const until = Math.min(end, LAST)
    for (let chunk = chunkOf(Math.max(begin, FIRST)); chunk * CHUNK < until; chunk++) {
      for (const offset of this.#chunk(chunk)) {
        const isNew = offset.from > begin && offset.from < until && offset.seconds !== found.at(-1)!.seconds
        if (isNew) found.push(offset)
      }
    }
    return found
  }

  offsetAt(instant: Instant): number {
    const last = this.#last
    if (instant >= last.begin && instant < last.end) return last.seconds
    if (this === UTC) return 0
    const within = Math.min(Math.max(instant, FIRST), LAST - 1)
    const chunk = this.#chunk(chunkOf(within))
    const i = chunk.findLastIndex(({ from }) => from <= within)
    const { from, seconds } = chunk[i]!
    this.#last = { begin: from, end: Math.min(chunk[i + 1]?.from ?? LAST, (chunkOf(within) + 1) * CHUNK), seconds }
    return seconds
  }

  dayOf(instant: Instant): Day {
    return Math.floor((instant + this.offsetAt(instant)) / SECONDS_PER_DAY)
  }

  /** The first instant of the day that holds `instant`: midnight, or what comes after it where clocks skip midnight. */
  dayStart(instant: Instant): Instant {
    return this.#local(instant).startOfDay().epochMilliseconds / 1000
  }

  /** The first instant of the month, `months` away from the one that holds `instant`. */
  monthStart(instant: Instant, months = 0): Instant {
    const month = this.#local(instant).toPlainDate().toPlainYearMonth().add({ months })
    return month.toPlainDate({ day: 1 }).toZonedDateTime(this.name).epochMilliseconds / 1000
  }

  #local(instant: Instant): Temporal.ZonedDateTime {
    return Temporal.Instant.fromEpochMilliseconds(instant * 1000).toZonedDateTimeISO(this.name)
  }

  /** The offset at the begin of some years, and those that follow in them. */
  #chunk(chunk: number): readonly Offset[] {
    const known = this.#chunks.get(chunk)
    if (known) return known
    const end = (chunk + 1) * CHUNK
    let at: Temporal.ZonedDateTime | null = this.#local(chunk * CHUNK)
    const offsets: Offset[] = []
    while (at && at.epochMilliseconds / 1000 < end) {
      offsets.push({ from: at.epochMilliseconds / 1000, seconds: at.offsetNanoseconds / 1e9 })
      at = at.getTimeZoneTransition('next')
    }
    this.#chunks.set(chunk, offsets)
    return offsets
  }
}

const ZONES = new Map<string, TimeZone>()
const SECONDS_PER_DAY = 86_400
/** 1970 and 2100. */
const FIRST = 0
const LAST = Date.UTC(2100, 0, 1) / 1000
/** Some four years: to look for all transitions at once takes a while. */
const CHUNK = 2 ** 27

function chunkOf(instant: Instant): number {
  return Math.floor(instant / CHUNK)
}

export const UTC = TimeZone.named('UTC')!
