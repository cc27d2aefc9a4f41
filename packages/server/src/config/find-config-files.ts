import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

const PROJECT = 'cloudkitty'

/** Where oslo.config looks for a project's files, best first: `~/.cloudkitty/`, `~/`, `/etc/cloudkitty/`, `/etc/`. */
export function searchFolders(home: string | undefined, etc = '/etc'): string[] {
  return [...(home ? [join(home, `.${PROJECT}`), home] : []), join(etc, PROJECT), etc]
}

/** The first `cloudkitty.conf` of the folders, if there is one. */
export async function findConfigFile(folders: readonly string[]): Promise<string | undefined> {
  return await firstExisting(folders, `${PROJECT}.conf`, 'file')
}

/** The first `cloudkitty.conf.d` of the folders, if there is one. */
export async function findConfigFolder(folders: readonly string[]): Promise<string | undefined> {
  return await firstExisting(folders, `${PROJECT}.conf.d`, 'folder')
}

/** The first folder's entry of that name. */
async function firstExisting(
  folders: readonly string[],
  name: string,
  kind: 'file' | 'folder',
): Promise<string | undefined> {
  for (const folder of folders) {
    const path = join(folder, name)
    // oxlint-disable-next-line no-await-in-loop -- the first hit ends the search
    const found = await stat(path).catch(() => undefined)
    if (kind === 'file' ? found?.isFile() : found?.isDirectory()) return path
  }
  return undefined
}

/** The `*.conf` files of a `--config-dir`, in the order in which they are read. Throws when the folder cannot be read. */
export async function listConfigFolder(folder: string): Promise<string[]> {
  const names = await readdir(folder)
  return names
    .filter((name) => name.endsWith('.conf') && !name.startsWith('.'))
    .toSorted()
    .map((name) => join(folder, name))
}
