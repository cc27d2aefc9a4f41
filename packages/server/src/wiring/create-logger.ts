import { pino, type Logger } from 'pino'
import { prettyFactory } from 'pino-pretty'
import { Fault } from '../lib/fault.ts'
import { LineSink } from '../lib/line-sink.ts'
import { errorRecord } from './error-record.ts'

export interface LogOptions {
  readonly debug?: boolean
  readonly file?: string | undefined
  /** The standard error output is a terminal. */
  readonly terminal?: boolean
}

/** A log, and how its file is opened anew after it was moved away; where there is no file, nothing happens then. */
export interface OpenLog {
  readonly log: Logger
  readonly reopen: () => void
}

const SINKS = new WeakMap<Logger, LineSink>()

/**
 * Lines of JSON, to a file or to the standard error output; for people where that is a terminal. A fault's detail is logged
 * beside its message. Lines that cannot be written are dropped and counted. Throws `config.invalid` when the file can never
 * be written.
 */
export function createLogger({ debug, file, terminal = false }: LogOptions = {}): OpenLog {
  const sink = openSink(file)
  const toText = prettyFactory({ translateTime: 'SYS:HH:MM:ss', singleLine: true, colorize: false })
  const readable = { write: (line: string) => sink.write(toText(line)) }
  const log = pino(
    {
      level: debug ? 'debug' : 'info',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: (error: unknown) => errorRecord(error) },
    },
    terminal && file === undefined ? readable : sink,
  )
  SINKS.set(log, sink)
  return { log, reopen: () => sink.reopen() }
}

/** How many lines of a logger were lost so far. */
export function droppedLines(log: Logger): number {
  return SINKS.get(log)?.dropped ?? 0
}

function openSink(file: string | undefined): LineSink {
  try {
    return new LineSink(file ?? process.stderr.fd)
  } catch (error) {
    const { message } = error as Error
    const text = `[DEFAULT] log_file: ${file} cannot be written: ${message}`
    throw new Fault('config.invalid', text, { file }, { cause: error })
  }
}
