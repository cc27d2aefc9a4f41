import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { listTree } from './list-tree.ts'
import { mapBounded } from './map-bounded.ts'

/** Makes sure that a folder with everything in it survives a power failure, and that nobody else can read it. */
export async function settleTree(folder: string): Promise<void> {
  const { folders, files } = await listTree(folder)
  await mapBounded(files, 4, ({ path }) => settle(join(folder, path), 0o600))
  for (const path of folders.toReversed()) await settle(join(folder, path), 0o700)
  await settle(folder, 0o700)
}

/** As `settleTree`, for one file or folder, whose mode stays unless one is given. */
export async function settle(path: string, mode?: number): Promise<void> {
  const handle = await open(path, 'r')
  try {
    if (mode !== undefined) await handle.chmod(mode)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Makes sure that what a folder names survives a power failure; passed over where this user may not open it. */
export async function settleNames(folder: string): Promise<void> {
  try {
    await settle(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error
  }
}
