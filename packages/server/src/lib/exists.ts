import { lstat } from 'node:fs/promises'

/** Whether there is anything of this name; a symbolic link is, wherever it leads. Throws when that cannot be told. */
export async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return false
      throw error
    },
  )
}
