import { chmod, lstat, mkdir, readdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { mapBounded } from './map-bounded.ts'
import { settleNames } from './settle.ts'

const FOLDER = 0o700
const FILE = 0o600
/** What others of the machine may do with it. */
const OTHERS = 0o077
const AT_ONCE = 16

/**
 * Makes a folder, with those above it that are missing, for this user alone; they survive a power failure. One that is there
 * stays as it is.
 */
export async function makePrivateFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: FOLDER })
  if (first === undefined) return
  const above = dirname(first)
  for (let made = resolve(path); made !== above; made = dirname(made)) await settleNames(dirname(made))
}

/** Something that others of the machine may still read or write, and why that could not be changed. */
export interface LeftOpen {
  readonly path: string
  readonly reason: string
}

/**
 * Takes from everybody but this user what they may do with a file, or with a folder and all that lies in it: files become
 * 0600, folders 0700. What is not there is passed over, and so are symbolic links, whose targets are somebody else's. Says
 * what stayed as it was.
 *
 * By name: to open a file of DuckDB in this process and close it again would give DuckDB's lock on it away.
 */
export async function makePrivate(path: string): Promise<LeftOpen[]> {
  const left: LeftOpen[] = []
  const mend = async (at: string): Promise<void> => {
    try {
      const found = await lstat(at)
      if (!found.isFile() && !found.isDirectory()) return
      if ((found.mode & OTHERS) !== 0) await chmod(at, found.isDirectory() ? FOLDER : FILE)
      if (!found.isDirectory()) return
      await mapBounded(await readdir(at), AT_ONCE, (name) => mend(join(at, name)))
    } catch (error) {
      // A file that has gone meanwhile is nobody's.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
      left.push({ path: at, reason: (error as Error).message })
    }
  }
  await mend(path)
  return left
}
