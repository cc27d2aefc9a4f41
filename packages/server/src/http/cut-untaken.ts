import type { ServerResponse } from 'node:http'

/** Cuts the connection when its client takes nothing for so long of an answer that is there to be taken. */
export function cutUntaken(outgoing: ServerResponse, idleMs: number): void {
  outgoing.setTimeout(idleMs, () => {
    if (outgoing.writableLength > 0) outgoing.destroy()
    // The client waits for us: what comes next is not read or computed yet.
    else outgoing.setTimeout(idleMs)
  })
}
