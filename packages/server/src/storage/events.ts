import type { Logger } from 'pino'
import { Registry } from 'prom-client'
import { countFamily } from '../lib/count-family.ts'
import type { LeftOpen } from '../lib/private-files.ts'

const EXAMPLES = 3

export type StoreEvents = ReturnType<typeof storeEvents>

/**
 * What an embedded store does or suffers beside what it was asked for: each event is counted and logged here and nowhere else,
 * so that `/metrics` and the log never disagree.
 */
export function storeEvents(log: Pick<Logger, 'warn'>, registry: Registry) {
  const events = countFamily(
    registry,
    'cloudtabby_points_store_events_total',
    'What the embedded points store could not do in the background, or had to do after an error of its engine',
    ['event'],
  )
  const tell = (event: string, error: unknown, message: string) => {
    events.inc({ event })
    log.warn({ err: error }, message)
  }
  return {
    /** The log of changes is kept, and the next try comes when it has grown. */
    checkpointFailed(error: unknown): void {
      tell(
        'checkpoint-failed',
        error,
        'the log of the points store could not be folded into its file; nothing is lost, and it is tried again later',
      )
    },

    /** The points stay as they are until the next ones are put in order. */
    orderingFailed(error: unknown): void {
      tell(
        'ordering-failed',
        error,
        'points could not be put in order; until they are, reports of one scope are slower, and nothing else is different',
      )
    },

    /** What others of the machine may read or write of the store's files, and this user may not change. */
    filesLeftOpen(left: readonly LeftOpen[]): void {
      events.inc({ event: 'files-left-open' })
      log.warn(
        { count: left.length, examples: left.slice(0, EXAMPLES) },
        'other users of this machine may read or write files of the points store, and this user may not change that: give ' +
          'them to the user whom the service runs as (chown -R), or take the rights away (chmod -R go=)',
      )
    },

    /** The engine was no longer to be trusted after this error. */
    reopened(error: unknown): void {
      tell('reopened', error, 'the points store was closed and opened anew after an error of its engine')
    },
  }
}

/** For stores of which nobody wants to know. */
export const NO_EVENTS: StoreEvents = storeEvents({ warn() {} }, new Registry())
