import { access, link, mkdir, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { Fault } from '../../lib/fault.ts'

/**
 * Makes an empty database where there is none, with its folder. It appears whole or not at all: DuckDB never opens again
 * what a full disk or a kill left of its first blocks. Throws `state.unwritable`, and DuckDB's own errors.
 */
export async function createDuckDBFile(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true })
  } catch (error) {
    const message = `cannot create the folder of ${path}: ${(error as Error).message}`
    throw new Fault('state.unwritable', message, { path }, { cause: error })
  }
  if (await exists(path)) return
  // Of this process alone, so that of two that start together each makes a whole one.
  const draft = `${path}.${process.pid}.new`
  await rm(draft, { force: true })
  try {
    const instance = await DuckDBInstance.create(draft)
    instance.closeSync()
    await link(draft, path)
  } catch (error) {
    // The other process was first: its file must not be replaced, it is in use.
    if (!(await exists(path))) throw error
  } finally {
    await rm(draft, { force: true })
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
