import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder on a disk of its own, whose power can be cut. */
export interface PowerCutDisk extends AsyncDisposable {
  readonly folder: string
  /**
   * From here on the folder holds what it would after a power failure: only what the disk has got, which is what somebody
   * synced, and what the system has written by itself by chance. Nobody may have anything in it open.
   */
  cut(): Promise<void>
}

/**
 * ext4 on a loop device: what is written stays in memory until it is synced, and the file behind the device has what a real
 * disk would have. Undefined where this process may not mount one: that takes root.
 */
export async function powerCutDisk(megabytes: number): Promise<PowerCutDisk | undefined> {
  const base = await mkdtemp(join(tmpdir(), 'power-cut-'))
  const [image, folder] = [join(base, 'image'), join(base, 'disk')]
  // Neither its journal nor its data are written by the clock, and a rename puts nothing on disk that nobody has synced.
  const mount = () =>
    execFileSync('mount', ['-o', 'loop,commit=600,noauto_da_alloc', image, folder], { stdio: 'ignore' })
  try {
    await writeFile(image, '')
    await truncate(image, megabytes * 1024 * 1024)
    await mkdir(folder)
    execFileSync('mkfs.ext4', ['-q', '-F', image], { stdio: 'ignore' })
    mount()
  } catch {
    await rm(base, { recursive: true })
    return undefined
  }
  return {
    folder,
    async cut() {
      execFileSync('cp', ['--sparse=always', image, `${image}.cut`])
      // This writes what is still in memory to the old image, which is nobody's any more.
      execFileSync('umount', [folder])
      await rename(`${image}.cut`, image)
      mount()
    },
    async [Symbol.asyncDispose]() {
      // Lazily, because a test that has failed may have left something open.
      execFileSync('umount', ['--lazy', folder])
      await rm(base, { recursive: true })
    },
  }
}
