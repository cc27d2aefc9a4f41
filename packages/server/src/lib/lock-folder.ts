import { realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { createDuckDBFile } from './create-duckdb-file.ts'
import { Fault } from './fault.ts'

const LOCK = 'cloudtabby.lock'
/** What earlier versions wrote. */
const PID_FILE = 'cloudtabby.pid'

/** A lock belongs to the process, so its second one in one process would not be kept out by it. */
const HELD = new Set<string>()

/**
 * Takes a folder for this process alone; the returned function gives it back. The lock is the operating system's, on a file
 * in the folder: it ends with the process, however that ends, and holds between containers too, in which the same process
 * has other numbers. Throws the fault `state.locked` while somebody has it, `state.unwritable` when none can be taken.
 *
 * Node itself cannot lock files. DuckDB, which is here anyway, locks the database that it has open.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, LOCK)
  let file: string | undefined
  try {
    await createDuckDBFile(path)
    const real = await realpath(path)
    if (HELD.has(real)) throw locked(folder, process.pid)
    HELD.add((file = real))
    const instance = await DuckDBInstance.create(path, { threads: '1', memory_limit: '16MB' })
    await rm(join(folder, PID_FILE), { force: true })
    return async () => {
      instance.closeSync()
      HELD.delete(real)
    }
  } catch (error) {
    if (file !== undefined) HELD.delete(file)
    throw error instanceof Fault ? error : toFault(folder, path, error)
  }
}

function toFault(folder: string, path: string, cause: unknown): Fault {
  const { message } = cause as Error
  const holder = lockHolder(message)
  if (holder) return locked(folder, holder.pid)
  const reason = message.split('\n', 1)[0]
  const advice = /not a valid DuckDB database/.test(message)
    ? `; make sure that no cloudtabbyd uses the folder, then delete ${path}`
    : ''
  return new Fault('state.unwritable', `cannot lock ${folder}: ${reason}${advice}`, { folder }, { cause })
}

/** Who holds a file that DuckDB refuses to open; undefined when that is not why. Without a pid it cannot be seen from here. */
export function lockHolder(message: string): { readonly pid: number | undefined } | undefined {
  if (!message.includes('Conflicting lock is held')) return undefined
  const pid = Number(/\bPID (\d+)/.exec(message)?.[1] ?? 0)
  return { pid: pid === 0 ? undefined : pid }
}

function locked(folder: string, pid: number | undefined): Fault {
  const who =
    pid === undefined ? 'a cloudtabbyd in another container or on another host' : `another cloudtabbyd (process ${pid})`
  return new Fault('state.locked', `${who} uses ${folder}: stop it, or ask it through its API`, {
    folder,
    ...(pid === undefined ? {} : { pid }),
  })
}
