import type { Logger } from 'pino'

/** What a store does or suffers beside what it was asked for. Each is told when it has happened, and must not throw. */
export interface StoreEvents {
  /** The log of changes could not be folded into the file. It is kept, and the next try comes when it has grown. */
  checkpointFailed(error: unknown): void
  /** Points could not be put in order: they stay as they are until the next ones are, and are found more slowly. */
  orderingFailed(error: unknown): void
  /** The engine was no longer to be trusted after this error: it was closed and is open anew. */
  reopened(error: unknown): void
}

export type StoreEventName = keyof StoreEvents

export const NO_EVENTS: StoreEvents = { checkpointFailed() {}, orderingFailed() {}, reopened() {} }

/** Counts each of them and says it in the log. */
export function tellStoreEvents(log: Pick<Logger, 'warn'>, count: (event: StoreEventName) => void): StoreEvents {
  const tell = (event: StoreEventName, message: string) => (error: unknown) => {
    count(event)
    log.warn({ err: error }, message)
  }
  return {
    checkpointFailed: tell(
      'checkpointFailed',
      'the log of the points store could not be folded into its file; nothing is lost, and it is tried again later',
    ),
    orderingFailed: tell(
      'orderingFailed',
      'points could not be put in order; until they are, reports of one scope are slower, and nothing else is different',
    ),
    reopened: tell('reopened', 'the points store was closed and opened anew after an error of its engine'),
  }
}
