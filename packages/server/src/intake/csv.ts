import { createHash } from 'node:crypto'
import { createReadStream, type ReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { type Decimal, parseDecimal, toStored } from '../domain/decimal.ts'
import { TEXT_BYTES_MAX, tooLong } from '../domain/long-text.ts'
import type { Instant } from '../domain/period.ts'
import type { Sample } from '../domain/sample.ts'
import { Fault } from '../lib/fault.ts'
import { type CsvBroken, type CsvRecord, CsvRecords } from './csv-records.ts'
import { parseInstant } from './parse-instant.ts'
import { type SampleDoubt, SampleDoubts, type SampleNeeds } from './sample-doubts.ts'

/** A CSV file of samples, as docs/importing-samples.md describes it. */
export interface CsvSource {
  /** A name that ends in `.gz` is unpacked on the way. */
  readonly path: string
  /** The label that every sample must have. */
  readonly scopeKey: string
  /** A cell may have so many bytes, `TEXT_BYTES_MAX` by default. */
  readonly textBytesMax?: number
  readonly signal: AbortSignal
  readonly onProgress?: (progress: CsvProgress) => void
  /** Which samples are made usage of, for doubts about the others; absent: of all. */
  readonly needs?: SampleNeeds | undefined
}

export interface CsvProgress {
  readonly phase: 'check' | 'write'
  /** Of the file as it lies on disk. */
  readonly bytes: number
  readonly totalBytes: number
  readonly rows: number
}

/** What a file holds that was found to be without fault. */
export interface CsvSummary {
  readonly rows: number
  /** Instants of the first and the last sample by time; undefined for a file without any. */
  readonly first: Instant | undefined
  readonly last: Instant | undefined
  /** SHA-256, in hexadecimal, of the unpacked content: the same for `x.csv` and `x.csv.gz`. */
  readonly digest: string
  /** Instants of the first and the last sample of each scope. */
  readonly scopes: ReadonlyMap<string, SampleSpan>
  /** How many samples it has of each name. */
  readonly names: ReadonlyMap<string, number>
  /** What is likely to be a mistake though it can be taken. */
  readonly doubts: readonly SampleDoubt[]
}

/** Both belong to it. */
export interface SampleSpan {
  readonly first: Instant
  readonly last: Instant
}

export interface CsvImport extends CsvSource {
  /** Takes some samples; awaited before the next ones are read. */
  readonly write: (samples: readonly Sample[]) => Promise<void>
  /** Samples handed over at a time. */
  readonly batchSize?: number
}

/** One thing that is wrong with a file. */
export interface CsvFault {
  readonly line: number
  /** Undefined where the whole line is meant. */
  readonly column: string | undefined
  readonly reason: string
}

const REPORTED_FAULTS_MAX = 100
const NUMBER_TEXT_MAX = 80
const BATCH_SIZE = 10_000
const CHUNK_BYTES = 256 * 1024
const FIXED_COLUMNS = ['timestamp', 'name', 'value'] as const

/** Reads all of the file; throws the fault `import.invalid`, whose detail lists the first faults, if anything is wrong. */
export async function checkCsv(source: CsvSource): Promise<CsvSummary> {
  let rows = 0
  const scopes = new Map<string, SampleSpan>()
  const names = new Map<string, number>()
  const doubts = source.needs && new SampleDoubts(source.needs)
  const faults = new FaultList(source.path)
  const looking = { ...source, ...(doubts && { look: doubts.look.bind(doubts) }) }
  const digest = await readSamples(looking, 'check', faults, BATCH_SIZE, (samples) => {
    for (const { name, at, labels } of samples) {
      names.set(name, (names.get(name) ?? 0) + 1)
      const scope = labels[source.scopeKey]!
      const span = scopes.get(scope)
      if (!span) scopes.set(scope, { first: at, last: at })
      else if (at < span.first || at > span.last) {
        scopes.set(scope, { first: Math.min(span.first, at), last: Math.max(span.last, at) })
      }
    }
    rows += samples.length
    return undefined
  })
  faults.throwIfAny()
  let [first, last]: (Instant | undefined)[] = []
  for (const span of scopes.values()) {
    first = Math.min(first ?? span.first, span.first)
    last = Math.max(last ?? span.last, span.last)
  }
  return { rows, first, last, digest, scopes, names, doubts: doubts?.found ?? [] }
}

/** Hands over the samples of a file that `checkCsv` found right; a fault if it was changed since. Memory stays small. */
export async function writeCsv(options: CsvImport, checked: CsvSummary): Promise<void> {
  const faults = new FaultList(options.path)
  const digest = await readSamples(options, 'write', faults, options.batchSize ?? BATCH_SIZE, options.write)
  if (digest !== checked.digest) {
    throw new Fault('import.invalid', `${options.path} was changed while it was imported`, { path: options.path })
  }
}

/** Streams the file's samples in batches, gathers its faults, and resolves to its digest. */
async function readSamples(
  {
    path,
    scopeKey,
    textBytesMax = TEXT_BYTES_MAX,
    signal,
    onProgress,
    look,
  }: CsvSource & { readonly look?: (sample: Sample, line: number) => void },
  phase: CsvProgress['phase'],
  faults: FaultList,
  batchSize: number,
  take: (samples: readonly Sample[]) => Promise<void> | undefined,
): Promise<string> {
  const totalBytes = await sizeOf(path)
  const digest = createHash('sha256')
  const text = new TextDecoder('utf-8')
  const records = new CsvRecords()
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES, signal })
  let reader: RecordReader | undefined
  let batch: Sample[] = []
  let rows = 0
  const handOver = async (): Promise<void> => {
    const full = batch
    batch = []
    rows += full.length
    await take(full)
    onProgress?.({ phase, bytes: file.bytesRead, totalBytes, rows })
  }
  const read = async (some: Iterable<CsvRecord | CsvBroken>): Promise<void> => {
    for (const record of some) {
      if ('reason' in record) faults.add(record.line, undefined, record.reason)
      else if (!reader) reader = readHeader(record, { scopeKey, textBytesMax }, faults)
      else {
        const sample = reader(record)
        if (sample) look?.(sample, record.line)
        // oxlint-disable-next-line no-await-in-loop -- the next samples are read when these are taken
        if (sample && batch.push(sample) >= batchSize) await handOver()
      }
    }
  }
  try {
    for await (const chunk of unpacked(file, path)) {
      digest.update(chunk)
      await read(records.push(text.decode(chunk, { stream: true })))
    }
    await read(records.push(text.decode()))
    await read(records.end())
  } catch (error) {
    signal.throwIfAborted()
    throw unreadable(error, path) ?? error
  }
  if (!reader) {
    faults.add(1, undefined, `the file is empty; expected a header: ${FIXED_COLUMNS.join(',')},${scopeKey},…`)
  }
  if (batch.length > 0) await handOver()
  return digest.digest('hex')
}

function unpacked(file: ReadStream, path: string): AsyncIterable<Buffer> {
  if (!path.endsWith('.gz')) return file
  // `compose` would do, but is experimental in Node 20; a pipeline hands faults of either on to the reader.
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES })
  pipeline(file, gunzip, () => {})
  return gunzip
}

/** Reads one record after the header; undefined when it has a fault. */
type RecordReader = (record: CsvRecord) => Sample | undefined

function readHeader(
  { cells: columns, line }: CsvRecord,
  { scopeKey, textBytesMax }: Required<Pick<CsvSource, 'scopeKey' | 'textBytesMax'>>,
  faults: FaultList,
): RecordReader {
  const named = new Set<string>()
  columns.forEach((column, i) => {
    if (column === '') faults.add(line, undefined, `column ${i + 1} of the header has no name`)
    else if (named.has(column)) faults.add(line, column, 'the header names this column twice')
    named.add(column)
  })
  for (const needed of [...FIXED_COLUMNS, scopeKey]) {
    if (!columns.includes(needed)) faults.add(line, needed, 'the header lacks this column')
  }
  // Without a usable header no line can be judged.
  if (faults.count > 0) return () => undefined
  const [atColumn, nameColumn, valueColumn] = FIXED_COLUMNS.map((name) => columns.indexOf(name)) as [
    number,
    number,
    number,
  ]
  const scopeColumn = columns.indexOf(scopeKey)
  const labelColumns = columns.flatMap((name, i) => (FIXED_COLUMNS.includes(name as never) ? [] : [{ name, i }]))

  return ({ cells, line }) => {
    const faultsBefore = faults.count
    const wrong = (column: number, reason: string): void => faults.add(line, columns[column], reason)
    if (cells.length !== columns.length) {
      faults.add(line, undefined, `${cells.length} cells, where the header has ${columns.length} columns`)
      return undefined
    }
    cells.forEach((cell, i) => {
      if (cell.includes('\uFFFD')) wrong(i, 'is not UTF-8 text')
      const long = tooLong(cell, textBytesMax)
      if (long !== undefined) wrong(i, `has ${long}`)
    })
    const at = parseInstant(cells[atColumn]!)
    if (at === undefined) wrong(atColumn, instantReason(cells[atColumn]!))
    const name = cells[nameColumn]!
    if (name === '') wrong(nameColumn, 'is empty')
    const value = readNumber(cells[valueColumn]!)
    if (typeof value === 'string') wrong(valueColumn, value)
    if (cells[scopeColumn] === '') wrong(scopeColumn, 'is empty, but says whose usage it is')
    if (faults.count > faultsBefore) return undefined

    const labels: Record<string, string> = {}
    for (const { name: label, i } of labelColumns) if (cells[i] !== '') labels[label] = cells[i]!
    return { name, at: at!, value: value as Decimal, labels }
  }
}

/** The number, or what is wrong with it. */
function readNumber(text: string): Decimal | string {
  if (text === '') return 'is empty'
  // The bound on the exponent keeps a slip of the pen from filling the memory with digits.
  const value = text.length <= NUMBER_TEXT_MAX && !/e[+-]?\d{3}/i.test(text) ? parseDecimal(text) : undefined
  if (!value) return `'${shown(text)}' is not a decimal number`
  return toStored(value) === undefined ? `${shown(text)} is too large: at most 20 digits before the point` : value
}

function instantReason(text: string): string {
  if (text === '') return 'is empty'
  const hint = /^\d{13,}$/.test(text) ? ' (milliseconds?)' : ''
  return `'${shown(text)}' is neither Unix seconds nor ISO 8601${hint}`
}

function shown(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 40)}…`
}

/** The faults of a file: the first ones, and how many there are. */
class FaultList {
  readonly #path: string
  readonly #first: CsvFault[] = []
  count = 0

  constructor(path: string) {
    this.#path = path
  }

  add(line: number, column: string | undefined, reason: string): void {
    this.count++
    if (this.#first.length < REPORTED_FAULTS_MAX) this.#first.push({ line, column, reason })
  }

  throwIfAny(): void {
    if (this.count === 0) return
    const lines = this.#first.map(
      ({ line, column, reason }) => `${this.#path}:${line}:${column === undefined ? '' : `${column}:`} ${reason}`,
    )
    const rest = this.count - this.#first.length
    if (rest > 0) lines.push(`… and ${rest} more`)
    const head = `${this.#path}: ${this.count} ${this.count === 1 ? 'fault' : 'faults'}; nothing was imported`
    throw new Fault('import.invalid', [head, ...lines].join('\n'), {
      path: this.#path,
      count: this.count,
      faults: this.#first,
    })
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    const found = await stat(path)
    if (!found.isFile()) throw new Fault('import.invalid', `${path} is not a file`, { path })
    return found.size
  } catch (error) {
    throw unreadable(error, path) ?? error
  }
}

/** A fault for what the file system and gzip say of the file itself; undefined for anything else. */
function unreadable(error: unknown, path: string): Fault | undefined {
  const { code = '', message } = error as NodeJS.ErrnoException
  if (/^(?:ENOENT|EACCES|EPERM|EISDIR|ENOTDIR|EIO)$/.test(code)) {
    const reason = code === 'ENOENT' ? 'there is no such file' : message
    return new Fault('import.invalid', `${path} cannot be read: ${reason}`, { path }, { cause: error })
  }
  if (code.startsWith('Z_')) {
    return new Fault('import.invalid', `${path} cannot be unpacked: ${message}`, { path }, { cause: error })
  }
  return undefined
}
