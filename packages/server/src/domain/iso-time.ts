import type { Instant } from './period.ts'

/** A time as it was read: whole seconds since the epoch, UTC, and the microseconds of the second. */
export interface IsoTime {
  readonly seconds: Instant
  /** 0 to 999,999; digits beyond the microsecond are cut. */
  readonly micros: number
  /** No time of day was given: it is the begin of the day. */
  readonly isDate: boolean
}

/** Who reads times, and so which forms of ISO 8601 are taken. */
export type IsoDialect = keyof typeof DIALECTS

/** The longest text that is looked at: no form of any dialect needs more. */
export const ISO_LENGTH_MAX = 40

/**
 * The one reader of dates and times. Without an offset a time is UTC. Undefined for another form, for days and times of
 * day that do not exist (2026-02-31, 24:00), and for what lies outside the years 1 to 9999.
 */
export function parseIsoTime(text: string, dialect: IsoDialect): IsoTime | undefined {
  if (text.length > ISO_LENGTH_MAX) return undefined
  const { form, trimmed } = DIALECTS[dialect]
  const match = form.exec(trimmed ? text.trim() : text)
  if (!match) return undefined
  const [, year, dash, month, day, hour, minute, second, fraction, zone] = match
  // 202606 could be 2020-26-06 as well; and a time belongs to a day.
  if (day === undefined && ((month !== undefined && dash === '') || hour !== undefined)) return undefined
  const wall = wallSeconds([
    Number(year),
    Number(month ?? 1),
    Number(day ?? 1),
    Number(hour ?? 0),
    Number(minute ?? 0),
    Number(second ?? 0),
  ])
  const offset = offsetSeconds(zone)
  if (wall === undefined || offset === undefined) return undefined
  const seconds = wall - offset
  if (seconds < YEAR_1 || seconds >= YEAR_10000) return undefined
  const micros = fraction === undefined ? 0 : Number(fraction.slice(0, 6).padEnd(6, '0'))
  return { seconds, micros, isDate: hour === undefined }
}

/** As `parseIsoTime`, in whole seconds: parts of a second are cut. */
export function parseIsoInstant(text: string, dialect: IsoDialect): Instant | undefined {
  return parseIsoTime(text, dialect)?.seconds
}

/** Its month, day, or time of day may be what a calendar or a clock never shows: undefined then. */
function wallSeconds([year, month, day, hour, minute, second]: Wall): number | undefined {
  const date = new Date(0)
  // `Date.UTC` takes the years 0 to 99 for those of the 20th century, and all of them roll over what does not exist.
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined
  if (hour > 23 || minute > 59 || second > 59) return undefined
  return date.getTime() / 1000 + hour * 3600 + minute * 60 + second
}

type Wall = readonly [year: number, month: number, day: number, hour: number, minute: number, second: number]

function offsetSeconds(zone: string | undefined): number | undefined {
  if (zone === undefined || zone === 'Z' || zone === 'z') return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(3).replace(':', ''))
  if (hours > 23 || minutes > 59) return undefined
  return (zone.startsWith('-') ? -1 : 1) * (hours * 3600 + minutes * 60)
}

const YEAR_1 = wallSeconds([1, 1, 1, 0, 0, 0])!
const YEAR_10000 = wallSeconds([10_000, 1, 1, 0, 0, 0])!

const DASHED_DAY = String.raw`(\d{4})(-)(\d{2})-(\d{2})`
const DAY = String.raw`(\d{4})(-?)(\d{2})-?(\d{2})`
const DAY_OR_LESS = String.raw`(\d{4})(?:(-?)(\d{2})(?:\2(\d{2}))?)?`
const HOUR = String.raw`(\d{2})`
const MINUTE = String.raw`:?(\d{2})`
const SECOND = String.raw`(?::?(\d{2})(?:[.,](\d+))?)?`
/** A reader of rules takes no more digits than nanoseconds have. */
const SECOND_OF_RULE = String.raw`(?::?(\d{2})(?:[.,](\d{1,9}))?)?`
const OFFSET = String.raw`[+-]\d{2}(?::?\d{2})?`

/**
 * No two parts that may be repeated stand beside each other where one text could be shared out among them in several
 * ways: a text is read in one go. Each has the same nine groups.
 */
const DIALECTS = {
  /** API v1: a day, then perhaps `T`, blanks, hours and minutes at least, blanks, and an offset; blanks around it. */
  v1: {
    form: new RegExp(String.raw`^${DAY}[Tt]?\s*(?:${HOUR}${MINUTE}${SECOND}\s*([Zz]|${OFFSET})?)?$`),
    trimmed: true,
  },
  /** API v2: a year, a month or a day; after a day perhaps `T` or one blank and a time of day. Capitals only. */
  v2: {
    form: new RegExp(`^${DAY_OR_LESS}(?:[T ]${HOUR}(?:${MINUTE}${SECOND})?(Z|${OFFSET})?)?$`),
    trimmed: false,
  },
  /** Files of samples: a day with dashes; perhaps hours and minutes at least with colons; a blank before the offset. */
  file: {
    form: new RegExp(
      String.raw`^${DASHED_DAY}(?:[Tt ]${HOUR}:(\d{2})(?::(\d{2})(?:[.,](\d+))?)?\s?([Zz]|${OFFSET})?)?$`,
    ),
    trimmed: false,
  },
  /** Of rules: a day; perhaps `T` or one blank, a time of day, and blanks before the offset; blanks around it. */
  rule: {
    form: new RegExp(String.raw`^${DAY}(?:[Tt ]${HOUR}(?:${MINUTE}${SECOND_OF_RULE})?\s*([Zz]|${OFFSET})?)?$`),
    trimmed: true,
  },
  /** Command line, configuration, other services: as v2, in any letter case; blanks around it. */
  plain: {
    form: new RegExp(`^${DAY_OR_LESS}(?:[Tt ]${HOUR}(?:${MINUTE}${SECOND})?([Zz]|${OFFSET})?)?$`),
    trimmed: true,
  },
} as const
