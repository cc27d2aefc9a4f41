import { pino, type Logger } from 'pino'
import { Fault } from '../lib/fault.ts'

/** Lines of JSON, to a file or to the standard error output. A fault's detail is logged beside its message. */
export function createLogger({ debug, file }: { debug?: boolean; file?: string | undefined } = {}): Logger {
  return pino(
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
    pino.destination({ dest: file ?? 2, sync: true, mkdir: true }),
  )
}
