import type { Sample } from '../domain/sample.ts'
import type { Plugin } from '../lib/plugin.ts'

/** Takes in usage that others push to us, however it comes: a queue, a socket, a folder that is looked at. */
export interface Receiver extends AsyncDisposable {
  /**
   * Takes in what comes until the signal is aborted; what is being taken then is taken to its end, or not at all. One that
   * throws, or ends before, is run again after a while.
   */
  run(signal: AbortSignal): Promise<void>
}

/**
 * What a receiver may use of the rest of the program.
 *
 * @public
 */
export interface ReceiverContext {
  /** The label of samples that says who is billed. */
  readonly scopeKey: string
  /**
   * Keeps samples for the `samples` collector: all of them, visible at once, or none, and then it throws. A sample without
   * the scope key's label is refused with `import.invalid`. When it returns, they are kept for good.
   */
  readonly take: (samples: Iterable<Sample> | AsyncIterable<Sample>) => Promise<void>
}

/**
 * A receiver as its folder defines it. Its section is `[receiver_<name>]`.
 *
 * @public
 */
export type ReceiverDefinition<Options> = Plugin<ReceiverContext, Receiver, Options>

/** A receiver whose options only itself knows. */
export type ReceiverPlugin = ReceiverDefinition<unknown>

/** @public */
export function defineReceiver<Options>(definition: ReceiverDefinition<Options>): ReceiverPlugin {
  return definition
}
