import { randomUUID } from 'node:crypto'
import { chmod, link, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { exists } from './exists.ts'
import { Fault } from './fault.ts'
import { makePrivateFolder } from './private-files.ts'
import { settleNames } from './settle.ts'

/**
 * Makes an empty database where there is none, with its folder; nobody but this user may open either. It appears whole or
 * not at all: DuckDB never opens again what a full disk or a kill left of its first blocks. Throws `state.unwritable`, and
 * DuckDB's own errors.
 */
export async function createDuckDBFile(path: string): Promise<void> {
  try {
    await makePrivateFolder(dirname(path))
  } catch (error) {
    const message = `cannot create the folder of ${path}: ${(error as Error).message}`
    throw new Fault('state.unwritable', message, { path }, { cause: error })
  }
  if (await exists(path)) return
  // Of this process alone, so that of two that start together each makes a whole one. In containers both are process 1.
  const draft = `${path}.${randomUUID()}.new`
  try {
    const instance = await DuckDBInstance.create(draft)
    instance.closeSync()
    await chmod(draft, 0o600)
    await link(draft, path)
    await settleNames(dirname(path))
  } catch (error) {
    // The other process was first: its file must not be replaced, it is in use.
    if (!(await exists(path))) throw error
  } finally {
    await rm(draft, { force: true })
  }
}
