import { pino, type Logger } from 'pino'
import { prettyFactory } from 'pino-pretty'
import { Fault } from '../lib/fault.ts'

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

/**
 * Lines of JSON, to a file or to the standard error output; for people where that is a terminal. A fault's detail is logged
 * beside its message.
 */
export function createLogger({ debug, file, terminal = false }: LogOptions = {}): OpenLog {
  const destination = pino.destination({ dest: file ?? 2, sync: true, mkdir: true })
  const toText = prettyFactory({ translateTime: 'SYS:HH:MM:ss', singleLine: true, colorize: false })
  const readable = { write: (line: string) => void destination.write(toText(line)) }
  const log = pino(
    {
      level: debug ? 'debug' : 'info',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: {
        err: (error: unknown) =>
          error instanceof Fault
            ? {
                code: error.code,
                message: error.message,
                detail: error.detail,
                ...(error.scopeIds.length > 0 && { scopeIds: error.scopeIds }),
                cause: pino.stdSerializers.err(error.cause as Error),
              }
            : pino.stdSerializers.err(error as Error),
      },
    },
    terminal && file === undefined ? readable : destination,
  )
  return { log, reopen: () => file !== undefined && destination.reopen() }
}
