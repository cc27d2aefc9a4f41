import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { exists } from '../lib/exists.ts'
import { settle } from '../lib/settle.ts'

const JOURNAL = 'restore.json'
const Moves = z.array(z.object({ from: z.string(), to: z.string() }))
export type Move = z.output<typeof Moves>[number]

/**
 * Does all the moves, or none: what is to be moved is written down first, so that a process that was killed in between is
 * followed by one that ends it (`finishSwap`). Every `from` must be there, and no `to`, unless an earlier move takes it away.
 */
export async function swap(folder: string, moves: readonly Move[]): Promise<void> {
  const path = join(folder, JOURNAL)
  await writeFile(`${path}.new`, JSON.stringify(moves), { mode: 0o600 })
  await settle(`${path}.new`)
  await rename(`${path}.new`, path)
  await settle(folder)
  await finishSwap(folder)
}

/** Ends the moves that a killed process had begun. Call it holding the folder. Without any it does nothing. */
export async function finishSwap(folder: string): Promise<void> {
  const path = join(folder, JOURNAL)
  if (!(await exists(path))) return
  for (const { from, to } of Moves.parse(JSON.parse(await readFile(path, 'utf8')))) {
    // In their order, and never onto something: a move that was done has taken its `from` away.
    if ((await exists(from)) && !(await exists(to))) await rename(from, to)
    for (const each of new Set([dirname(from), dirname(to)])) if (await exists(each)) await settle(each)
  }
  await rm(path)
  await settle(folder)
}

export function hasSwap(folder: string): Promise<boolean> {
  return exists(join(folder, JOURNAL))
}
