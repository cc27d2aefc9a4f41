import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { mapBounded } from '../lib/map-bounded.ts'

/** A file of a backup, as the manifest knows it. */
export interface FileEntry {
  /** From the backup's folder, with slashes. */
  readonly path: string
  readonly size: number
  readonly sha256: string
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
