import type { ReceiverPlugin } from '../intake/receiver.ts'

/** Every built-in receiver: none yet. A new one is a folder under intake/ and one line here. */
export const RECEIVERS = {} satisfies Record<string, () => Promise<ReceiverPlugin>>
