import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** What lies in a folder, however deep, by path from it with slashes. */
export interface Tree {
  /** Empty ones count too. */
  readonly folders: readonly string[]
  readonly files: readonly { readonly path: string; readonly size: number }[]
  /** What is neither: symbolic links, sockets, devices. */
  readonly others: readonly string[]
}

/** Sorted by path. Nothing is followed out of the folder. */
export async function listTree(folder: string): Promise<Tree> {
  const folders: string[] = []
  const files: { path: string; size: number }[] = []
  const others: string[] = []
  const walk = async (at: string) => {
    for (const entry of await readdir(join(folder, at), { withFileTypes: true })) {
      const path = at === '' ? entry.name : `${at}/${entry.name}`
      if (entry.isDirectory()) {
        folders.push(path)
        await walk(path)
      } else if (entry.isFile()) {
        files.push({ path, size: (await lstat(join(folder, path))).size })
      } else {
        others.push(path)
      }
    }
  }
  await walk('')
  const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1)
  return { folders: folders.toSorted(), files: files.toSorted(byPath), others: others.toSorted() }
}
