import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder on a file system of its own that has so many megabytes. */
export interface SmallDisk extends AsyncDisposable {
  readonly folder: string
  grow(megabytes: number): void
}

/** Undefined where this process may not mount one: that takes root. */
export async function smallDisk(megabytes: number): Promise<SmallDisk | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'small-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    await rm(folder, { recursive: true })
    return undefined
  }
  return {
    folder,
    grow: (more) => execFileSync('mount', ['-o', `remount,size=${more}m`, folder]),
    async [Symbol.asyncDispose]() {
      execFileSync('umount', [folder])
      await rm(folder, { recursive: true })
    },
  }
}

/**
 * Lets no file of this process grow beyond so many bytes until disposed of: what a full disk is to a store that has
 * checked for room before. Undefined where `prlimit` (util-linux) is missing.
 */
export function fileSizeLimit(bytes: number): Disposable | undefined {
  const ignore = () => {}
  const limit = (text: string) => execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${text}:`])
  try {
    // Without a handler the signal that comes with the refused write would end the process.
    process.on('SIGXFSZ', ignore)
    limit(String(bytes))
  } catch {
    process.off('SIGXFSZ', ignore)
    return undefined
  }
  return {
    [Symbol.dispose]() {
      limit('unlimited')
      process.off('SIGXFSZ', ignore)
    },
  }
}
