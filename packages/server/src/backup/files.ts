import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { mapBounded } from '../lib/map-bounded.ts'

/** A file of a backup, as the manifest knows it. */
export interface FileEntry {
  /** From the backup's folder, with slashes. */
  readonly path: string
  readonly size: number
  readonly sha256: string
}

/** What lies in a folder, however deep, by path from it; folders too, since empty ones count. */
export async function listTree(
  folder: string,
): Promise<{ folders: string[]; files: { path: string; size: number }[] }> {
  const folders: string[] = []
  const files: { path: string; size: number }[] = []
  const walk = async (at: string) => {
    for (const entry of await readdir(join(folder, at), { withFileTypes: true })) {
      const path = at === '' ? entry.name : `${at}/${entry.name}`
      if (entry.isDirectory()) {
        folders.push(path)
        await walk(path)
      } else {
        files.push({ path, size: (await stat(join(folder, path))).size })
      }
    }
  }
  await walk('')
  const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1)
  return { folders: folders.toSorted(), files: files.toSorted(byPath) }
}

export interface DigestOptions {
  readonly signal: AbortSignal
  readonly onProgress: (progress: { readonly done: number; readonly total: number }) => void
}

/** The files with their digests, in their order; progress in bytes. */
export async function digestFiles(
  folder: string,
  files: readonly { readonly path: string; readonly size: number }[],
  { signal, onProgress }: DigestOptions,
): Promise<FileEntry[]> {
  const total = files.reduce((sum, { size }) => sum + size, 0)
  let done = 0
  return mapBounded(files, 4, async ({ path, size }) => {
    signal.throwIfAborted()
    const hash = createHash('sha256')
    for await (const chunk of createReadStream(join(folder, path), { signal })) hash.update(chunk as Buffer)
    done += size
    onProgress({ done, total })
    return { path, size, sha256: hash.digest('hex') }
  })
}

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

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return false
      throw error
    },
  )
}
