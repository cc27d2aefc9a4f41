import { parseIsoInstant } from '../../../http/datetime.ts'
import { invalidData } from '../../../http/family-v2.ts'
import { type JsonValue, readJson } from '../../../http/json.ts'
import type { Instant, Period } from '../../../domain/period.ts'
import type { Point } from '../../../domain/point.ts'
import { Fault } from '../../../lib/fault.ts'
import { JsonPull } from '../../../lib/json-pull.ts'
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
  /** Texts of points that came before their period did. */
  let waiting: Waiting[] | undefined
  let usage = false
  for (let first = true; ; first = false) {
    const name = await pull.nextMember(first)
    if (name === undefined) break
    if (name === 'period' && period === undefined) period = readPeriod(await pull.value(), [...path, name])
    else if (name === 'usage' && !usage) {
      usage = true
      const texts = usageTexts(pull, [...path, name])
      if (period === undefined) {
        waiting = []
        for await (const run of texts) for (const text of run) waiting.push(text)
      } else {
        for await (const run of texts) yield toPoints(run, pushed, period)
      }
    } else
      throw refuse(
        '...',
        name === 'period' || name === 'usage' ? `key ${name} already provided` : 'extra keys not allowed',
        [...path, name],
      )
  }
  if (period === undefined) throw refuse('{}', 'required key not provided', [...path, 'period'])
  if (!usage) throw refuse('{}', 'required key not provided', [...path, 'usage'])
  const late = waiting ?? []
  for (let i = 0; i < late.length; i += RUN_MAX) yield toPoints(late.slice(i, i + RUN_MAX), pushed, period)
}

/** The text of a point, and where it stands. */
interface Waiting {
  readonly text: string
  readonly type: string
  readonly index: number
  readonly path: Path
}

/** Points that are handed on together. */
const RUN_MAX = 1000

async function* usageTexts(pull: JsonPull, path: Path): AsyncGenerator<Waiting[]> {
  if (!(await pull.enter('object'))) throw refuse(await pull.value(), 'expected a dictionary', path)
  for (let first = true; ; first = false) {
    const type = await pull.nextMember(first)
    if (type === undefined) return
    const at = [...path, type]
    if (type.includes('\0')) throw refuse('...', 'a text holds a NUL character', at)
    if (!(await pull.enter('array'))) throw refuse(await pull.value(), 'expected a list', at)
    let run: Waiting[] = []
    for (let index = 0; ; index++) {
      let text = pull.nextItemNow(index === 0)
      if (text === undefined) text = (await pull.nextItem(index === 0)) && (await pull.value())
      if (text === false) break
      run.push({ text, type, index, path: at })
      if (run.length >= RUN_MAX) {
        yield run
        run = []
      }
    }
    if (run.length > 0) yield run
  }
}

function toPoints(texts: readonly Waiting[], pushed: PushedPoints, period: Period): Point[] {
  return texts.map(({ text, type, index, path }) => {
    try {
      return pushed.read(readJson(text), type, period)
    } catch (error) {
      if (error instanceof PointRefusal) throw refuse(text, error.message, [...path, index, ...error.path])
      if (error instanceof SyntaxError) throw refuse(text, 'not valid JSON', [...path, index])
      throw error
    }
  })
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
    const instant = typeof given[name] === 'string' ? parseIsoInstant(given[name]) : undefined
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
