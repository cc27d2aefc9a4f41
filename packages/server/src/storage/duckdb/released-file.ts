import { readdir, readlink } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Garbage is collected so often at most; each time takes some hundred milliseconds. */
const COLLECTIONS = 10
const DESCRIPTORS = '/proc/self/fd'

/**
 * Waits until DuckDB has let go of a file that was closed: it does so only when the last result that was streamed from it is
 * collected as garbage, which is hurried here. Rejects when it does not. Until then a second instance on the file would not
 * be kept out, since a lock belongs to the process, and the first one's end would give the lock of both away.
 */
export async function untilReleased(file: string): Promise<void> {
  for (let collections = 0; await isOpen(file); collections++) {
    if (collections === COLLECTIONS) throw new Error(`${file} was closed, and this process still has it open`)
    collectGarbage()
    // What was collected is let go of in turns of the event loop.
    for (let turn = 0; turn < 3; turn++) await setImmediate()
  }
}

/** Where the system does not tell, garbage is not waited for. */
async function isOpen(file: string): Promise<boolean> {
  const descriptors = await readdir(DESCRIPTORS).catch(() => [])
  const targets = await Promise.all(descriptors.map((name) => readlink(`${DESCRIPTORS}/${name}`).catch(() => '')))
  return targets.some((target) => target === file || target === `${file}.wal`)
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
}
