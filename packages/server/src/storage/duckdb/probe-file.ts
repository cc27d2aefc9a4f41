import { DuckDBInstance } from '@duckdb/node-api'
import { exists } from '../../lib/exists.ts'
import { Fault } from '../../lib/fault.ts'
import { lockHolder } from '../../lib/lock-folder.ts'

/** Whether the file can be read; nothing is made or written. Throws `state.unwritable` when it cannot. */
export async function probeFile(path: string): Promise<string | undefined> {
  if (!(await exists(path)))
    return 'is not there yet; the first start makes it. If something was rated before, the path is wrong'
  try {
    const instance = await DuckDBInstance.create(path, {
      access_mode: 'READ_ONLY',
      threads: '1',
      memory_limit: '256MB',
    })
    instance.closeSync()
    return undefined
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    const holder = lockHolder(message)
    if (holder) return `in use by the running service${holder.pid === undefined ? '' : ` (process ${holder.pid})`}`
    throw new Fault('state.unwritable', `${path} cannot be read: ${message.split('\n', 1)[0]}`, { path }, { cause })
  }
}
