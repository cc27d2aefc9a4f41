import { open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from './fault.ts'

const LOCK = 'cloudtabby.pid'
const TRIES = 5

/**
 * Takes a folder for this process alone, by a file with its process id in it; the returned function gives it back. A lock
 * left by a process that is gone (SIGKILL, power) is taken over. Throws the fault `state.locked` while its holder lives.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, LOCK)
  const mine = await identify(process.pid)
  for (let i = 0; i < TRIES; i++) {
    try {
      const file = await open(path, 'wx')
      await file.writeFile(mine)
      await file.close()
      return () => rm(path, { force: true })
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw new Fault(
          'state.unwritable',
          `cannot write in ${folder}: ${(cause as Error).message}`,
          { folder },
          { cause },
        )
      }
    }
    const holder = await readFile(path, 'utf8').catch(() => '')
    const pid = Number(holder.split(' ')[0])
    if (pid && (await identify(pid)) === holder) {
      throw new Fault(
        'state.locked',
        `another cloudtabbyd (process ${pid}) uses ${folder}: stop it, or ask it through its API`,
        { folder, pid },
      )
    }
    // Renamed first: of two processes that find the same dead lock, one only moves it away.
    const aside = `${path}.${process.pid}`
    await rename(path, aside).catch(() => {})
    await rm(aside, { force: true })
  }
  throw new Fault('state.locked', `the lock ${path} keeps changing hands: is another cloudtabbyd starting?`, { folder })
}

/** The process id and, where the system tells, when it started: a reused id is not the same process. */
async function identify(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  if (stat !== undefined) return `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`
  try {
    process.kill(pid, 0)
    return `${pid} `
  } catch {
    return `${pid} gone`
  }
}
