import { randomUUID } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const CHUNK = Buffer.alloc(1024 * 1024)

/** Leaves no room on the folder's file system for so long. */
export async function fillDisk(folder: string, ms: number): Promise<void> {
  const path = join(folder, `fill-${randomUUID()}`)
  const file = await open(path, 'w')
  try {
    // Smaller and smaller pieces, to the last block.
    for (let size = CHUNK.length; size >= 512; size /= 2) {
      while (await file.write(CHUNK, 0, size).then(({ bytesWritten }) => bytesWritten === size, isFull));
    }
    await sleep(ms)
  } finally {
    await file.close()
    await rm(path)
  }
}

function isFull(error: NodeJS.ErrnoException): false {
  if (error.code === 'ENOSPC') return false
  throw error
}
