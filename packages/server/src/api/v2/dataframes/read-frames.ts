import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { parseIsoInstant } from '../../../domain/iso-time.ts'
import { invalidData } from '../../../http/family-v2.ts'
import { JsonRefusal, type JsonValue, readJson, writeJson } from '../../../http/json.ts'
import type { Instant, Period } from '../../../domain/period.ts'
import type { Point } from '../../../domain/point.ts'
import { Fault } from '../../../lib/fault.ts'
import { JsonPull } from '../../../lib/json-pull.ts'
import { mayLoseDigits, mayLosePoints } from '../../../lib/json-text.ts'
import { PointRefusal, type PushedPoints } from './pushed-point.ts'

/** No point is longer than this, nor anything else that is read in one piece. */
const VALUE_BYTES_MAX = 1024 * 1024

/**
 * The points of a body `{"dataframes": [{"period": ..., "usage": ...}, ...]}` of any length, in groups of about `size`, read
 * as they come in. Throws `request.invalid`, which names the frame, the metric type and the position of the point, and why
 * it is refused; nothing is known of what comes behind it then.
 */
export async function* readFrames(
  body: AsyncIterable<Uint8Array>,
  pushed: PushedPoints,
  size: number,
): AsyncGenerator<Point[]> {
  try {
    yield* grouped(points(new JsonPull(body, { valueBytesMax: VALUE_BYTES_MAX }), pushed), size)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new Fault('request.invalid', `The body is not valid JSON: ${error.message}.`, {}, { cause: error })
  }
}

/** Runs of points become groups; a run is what could be read without waiting. */
async function* grouped(runs: AsyncIterable<readonly Point[]>, size: number): AsyncGenerator<Point[]> {
  let group: Point[] = []
  for await (const run of runs) {
    for (const point of run) group.push(point)
    if (group.length >= size) {
      yield group
      group = []
    }
  }
  if (group.length > 0) yield group
}

type Path = readonly (string | number)[]

async function* points(pull: JsonPull, pushed: PushedPoints): AsyncGenerator<Point[]> {
  if (!(await pull.enter('object'))) throw refuse(await pull.value(), 'expected a dictionary', [])
  let frames: number | undefined
  for (let first = true; ; first = false) {
    const name = await pull.nextMember(first)
    if (name === undefined) break
    if (name !== 'dataframes') throw refuse('...', 'extra keys not allowed', [name])
    if (frames !== undefined) throw refuse('...', 'key dataframes already provided', [name])
    if (!(await pull.enter('array'))) throw refuse(await pull.value(), 'expected a list', [name])
    frames = 0
    for (; await pull.nextItem(frames === 0); frames++) yield* framePoints(pull, pushed, ['dataframes', frames])
  }
  await pull.end()
  if (frames === undefined) throw refuse('{}', 'required key not provided', ['dataframes'])
  if (frames === 0) throw new Fault('request.invalid', 'Parameter dataframes must not be empty.')
}

async function* framePoints(pull: JsonPull, pushed: PushedPoints, path: Path): AsyncGenerator<Point[]> {
  if (!(await pull.enter('object'))) throw refuse(await pull.value(), 'expected a dictionary', path)
  let period: Period | undefined
  /** Runs that came before their period did, packed: they may be nearly all of the body. */
  let waiting: PackedRun[] | undefined
  for (let first = true; ; first = false) {
    const name = await pull.nextMember(first)
    if (name === undefined) break
    const at = [...path, name]
    if (name !== 'period' && name !== 'usage') throw refuse('...', 'extra keys not allowed', at)
    if (name === 'period' ? period : waiting) throw refuse('...', `key ${name} already provided`, at)
    if (name === 'period') period = readPeriod(await pull.value(), at)
    else {
      waiting = []
      for await (const run of usageRuns(pull, at)) {
        if (period) yield await toPoints(run, pushed, period)
        else waiting.push({ ...run, text: deflateRawSync(run.text, PACKING) })
      }
    }
  }
  if (period === undefined) throw refuse('{}', 'required key not provided', [...path, 'period'])
  if (waiting === undefined) throw refuse('{}', 'required key not provided', [...path, 'usage'])
  for (const run of waiting) yield await toPoints({ ...run, text: inflateRawSync(run.text).toString() }, pushed, period)
}

/** Points that came together, as text. */
interface Run {
  /** Of all of them, with the commas in between. */
  readonly text: string
  readonly type: string
  /** Where the first one stands among those of its type. */
  readonly index: number
  readonly path: Path
}

/** Quick, and with little memory for each packing. */
const PACKING = { level: 1, windowBits: 13, memLevel: 5, chunkSize: 4096 } as const

interface PackedRun extends Omit<Run, 'text'> {
  readonly text: Buffer
}

/** Points of a run at most. */
const RUN_MAX = 1000

async function* usageRuns(pull: JsonPull, path: Path): AsyncGenerator<Run> {
  if (!(await pull.enter('object'))) throw refuse(await pull.value(), 'expected a dictionary', path)
  for (let first = true; ; first = false) {
    const type = await pull.nextMember(first)
    if (type === undefined) return
    const at = [...path, type]
    if (type.includes('\0')) throw refuse('...', 'a text holds a NUL character', at)
    if (!(await pull.enter('array'))) throw refuse(await pull.value(), 'expected a list', at)
    for (let index = 0; ;) {
      let { text, count } = pull.itemsNow(index === 0, RUN_MAX)
      if (count === 0) {
        if (!(await pull.nextItem(index === 0))) break
        text = await pull.value()
        count = 1
      }
      yield { text, type, index, path: at }
      index += count
    }
  }
}

async function toPoints(run: Run, pushed: PushedPoints, period: Period): Promise<Point[]> {
  const { text, type, index, path } = run
  const values = together(text) ?? (await oneByOne(run))
  return values.map((value, i) => {
    try {
      return pushed.read(value, type, period)
    } catch (error) {
      if (error instanceof PointRefusal)
        throw refuse(writeJson(value), error.message, [...path, index + i, ...error.path])
      throw error
    }
  })
}

/** The fast way for what is well-formed and has short numbers; undefined when it has to be looked at closely. */
function together(text: string): JsonValue[] | undefined {
  if (mayLoseDigits(text) || text.includes('\\u0000')) return undefined
  try {
    const values = JSON.parse(`[${text}]`) as JsonValue[]
    return mayLosePoints(text) && values.some(hasNumberInAttributes) ? undefined : values
  } catch {
    return undefined
  }
}

/** Of quantities and prices it does not matter how they were written. */
function hasNumberInAttributes(point: JsonValue): boolean {
  if (point === null || typeof point !== 'object') return false
  const { groupby, metadata } = point as Record<string, JsonValue>
  return hasNumber(groupby) || hasNumber(metadata)
}

function hasNumber(value: JsonValue | undefined): boolean {
  if (typeof value === 'number') return true
  if (value === null || typeof value !== 'object') return false
  return Object.values(value as Record<string, JsonValue>).some(hasNumber)
}

async function oneByOne({ text, index, path }: Run): Promise<JsonValue[]> {
  const pull = new JsonPull(only(Buffer.from(`[${text}]`)), { valueBytesMax: VALUE_BYTES_MAX })
  await pull.enter('array')
  const values: JsonValue[] = []
  while (await pull.nextItem(values.length === 0)) {
    const item = await pull.value()
    try {
      values.push(readJson(item))
    } catch (error) {
      const reason = error instanceof JsonRefusal ? error.message : 'not valid JSON'
      throw refuse(item, reason, [...path, index + values.length])
    }
  }
  return values
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function readPeriod(text: string, path: Path): Period {
  const value = readJson(text)
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    throw refuse(text, 'expected a dictionary', path)
  }
  const given = value as Record<string, JsonValue>
  const extra = Object.keys(given).find((key) => key !== 'begin' && key !== 'end')
  if (extra !== undefined) throw refuse(text, 'extra keys not allowed', [...path, extra])
  const bound = (name: string): Instant => {
    if (!Object.hasOwn(given, name)) throw refuse(text, 'required key not provided', [...path, name])
    const instant = typeof given[name] === 'string' ? parseIsoInstant(given[name], 'v2') : undefined
    if (instant === undefined) throw refuse(text, 'not a valid value', [...path, name])
    return instant
  }
  const period = { begin: bound('begin'), end: bound('end') }
  if (period.end < period.begin) throw refuse(text, 'the end is before the begin', path)
  return period
}

function refuse(given: string, reason: string, path: Path): Fault {
  return invalidData(given, reason, path.join('.'))
}
